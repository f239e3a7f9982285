import { clientTo } from './servers.js';

/**
 * Asks the database one question over a connection of its own: whether it is there, whatever state
 * the pool's connections are in.
 *
 * @param timeoutMs for connecting and for the answer, each
 * @throws Error when it does not answer in time
 */
export async function reachDatabase(url: string, timeoutMs: number): Promise<void> {
  const client = clientTo(url, {
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    application_name: 'ofitec reach',
  });
  // A connection that breaks later says so here; what matters is told by the promise.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}
