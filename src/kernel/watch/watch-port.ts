import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import type { ListenAddress } from '../config/variables.js';
import { Metrics } from './metrics.js';
import { Readiness } from './readiness.js';

const LIMITS = { requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 8_192 };
const MAX_CONNECTIONS = 50;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

/**
 * A listener of its own for those who watch: metrics and health, away from the public's port, and
 * the only one that a worker process has.
 */
export class WatchPort {
  private constructor(
    private readonly server: Server,
    /** Where it listens, `http://host:port`. */
    readonly url: string,
  ) {}

  /** @throws Error when the address cannot be listened on */
  static async open(app: INestApplicationContext, address: ListenAddress): Promise<WatchPort> {
    const metrics = app.get(Metrics);
    const readiness = app.get(Readiness);
    const server = createServer(LIMITS, (request, response) => {
      void answer(request, metrics, readiness)
        .catch((): Answer => ({ status: 500, body: json({ status: 'error' }) }))
        .then((given) => send(response, request, given));
    });
    server.maxConnections = MAX_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) =>
        reject(new Error(`METRICS_BIND ${written(address)}: ${cause.code}`, { cause })),
      );
      server.listen(address.port, address.host, resolve);
    });
    const bound = server.address();
    const port = typeof bound === 'object' && bound ? bound.port : address.port;
    return new WatchPort(server, `http://${written({ ...address, port })}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function written({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function answer(
  { method, url = '', headers }: IncomingMessage,
  metrics: Metrics,
  readiness: Readiness,
): Promise<Answer> {
  const { pathname, searchParams } = new URL(url, 'http://watch');
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, body: json({ status: 'error' }) };
  if (pathname === '/metrics') return scrape(metrics, headers.authorization);
  const nonce = searchParams.get('nonce')?.slice(0, 64);
  const echo = nonce === undefined ? {} : { nonce };
  if (pathname === '/health/live') return { status: 200, body: json({ status: 'ok', ...echo }) };
  if (pathname !== '/health/ready' && pathname !== '/health/startup') {
    return { status: 404, body: json({ status: 'error' }) };
  }
  const { ready, status, details } = await (pathname === '/health/ready'
    ? readiness.check()
    : readiness.checkStartup());
  return { status: ready ? 200 : 503, body: json({ status, ...echo, details }) };
}

async function scrape(metrics: Metrics, authorization: string | undefined): Promise<Answer> {
  const type = metrics.contentType;
  if (type === null) return { status: 404, body: json({ status: 'error' }) };
  if (metrics.hasToken && !metrics.admits(authorization)) {
    return { status: 401, body: json({ status: 'error' }) };
  }
  return { status: 200, body: await metrics.scrape(), type };
}

function send(
  response: ServerResponse,
  request: IncomingMessage,
  { status, body, type }: Answer,
): void {
  response.writeHead(status, {
    'content-type': type ?? 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="ofitec"' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function json(value: object): string {
  return JSON.stringify(value);
}
