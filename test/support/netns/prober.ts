import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/**
 * Writes to every database server directly, ten times a second, and notes which of them acknowledged,
 * as a program of its own on the client's host. Two that acknowledge at once are what must never be.
 *
 * `PROBER` is JSON: `servers` (URLs by name), `file`.
 */
const { servers, file } = JSON.parse(process.env['PROBER'] ?? '{}') as {
  servers: Record<string, string>;
  file: string;
};
const EVERY_MS = 100;
const PATIENCE_MS = 1_500;
let count = 0;

async function watch(name: string, url: string): Promise<never> {
  let client: Client | null = null;
  for (;;) {
    const since = Date.now();
    const id = (count += 1);
    try {
      client ??= await connect(url);
      let cancelled = false;
      client.once('notice', () => (cancelled = true));
      await client.query('INSERT INTO failover_probe (id, node) VALUES ($1, $2)', [id, name]);
      if (!cancelled)
        appendFileSync(file, `${JSON.stringify({ id, name, since, at: Date.now() })}\n`);
    } catch (error) {
      // A standby refuses to write and keeps its connection; everything else begins anew.
      if ((error as { code?: string }).code !== '25006') {
        (
          client as { connection?: { stream: { destroy(): void } } } | null
        )?.connection?.stream.destroy();
        client = null;
      }
    }
    client?.removeAllListeners('notice');
    await sleep(Math.max(10, EVERY_MS - (Date.now() - since)));
  }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

await Promise.all(Object.entries(servers).map(([name, url]) => watch(name, url)));
