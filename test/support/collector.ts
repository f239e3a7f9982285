import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';

/** A span as OTLP/JSON writes it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

type RawSpan = Omit<CollectedSpan, 'attributes' | 'resource'> & { attributes: Attribute[] };

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

/** An OTLP/HTTP collector on loopback, which keeps what it is sent. */
export class Collector {
  readonly bodies: { path: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(): Promise<Collector> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const collector = new Collector(server, `http://127.0.0.1:${port}`);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url: path = '', headers } = request;
        collector.bodies.push({ path, headers, body: Buffer.concat(chunks) });
        response.setHeader('content-type', headers['content-type'] ?? '').end();
      });
    });
    return collector;
  }

  /** Everything that came, as one text. */
  get text(): string {
    return this.bodies.map(({ body }) => body.toString()).join('\n');
  }

  /** The spans of what came as JSON. */
  get spans(): CollectedSpan[] {
    return this.bodies.flatMap(({ body }) =>
      (JSON.parse(body.toString()) as Export).resourceSpans.flatMap(({ resource, scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) =>
          spans.map((span) => ({
            ...span,
            attributes: record(span.attributes),
            resource: record(resource.attributes),
          })),
        ),
      ),
    );
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function record(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
