import { createServer } from 'node:http';
import type { Server } from 'node:http';

/** A figure for Prometheus: its name, what it says, and its values by labels. */
export interface Figure {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly values: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

/** Figures in Prometheus' text format. */
export function exposition(figures: readonly Figure[]): string {
  return figures
    .filter(({ values }) => values.length > 0)
    .flatMap(({ name, help, type, values }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...values.map(({ labels, value }) => `${name}${written(labels)} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

/** Serves figures at `/metrics`, and what stands behind them at `/status` as JSON. */
export async function serveFigures(
  port: number,
  read: () => { readonly figures: readonly Figure[]; readonly status: unknown },
): Promise<Server> {
  const server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000 },
    (request, response) => {
      const path = request.url?.split('?')[0];
      if (request.method !== 'GET' || (path !== '/metrics' && path !== '/status')) {
        response.writeHead(404).end();
        return;
      }
      const { figures, status } = read();
      const isText = path === '/metrics';
      const type = isText ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json';
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(isText ? exposition(figures) : JSON.stringify(status));
    },
  );
  server.maxConnections = 20;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return server;
}

function written(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll(/["\\\n]/g, '_')}"`); // prettier-ignore
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}
