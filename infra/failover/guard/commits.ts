import { Client } from 'pg';

/** What waits, and who streams, at a primary. */
interface Waiting {
  readonly waiters: number;
  readonly streaming: number;
}

const PATIENCE_MS = 2_000;

/**
 * Commits again and again at this host's own PostgreSQL. At most one commit is under way: one that
 * waits for a standby is waited for, so that the guard adds nothing to the queue that it watches.
 */
export class Commits {
  private client: Client | null = null;
  /** The attempt that is under way, as a thing of its own, so that one that was forgotten changes nothing. */
  private attempt: object | null = null;
  private since: number | null = null;
  /** Seconds that the last commit took. */
  lastSeconds = 0;

  /** @param patienceMs for how long a look waits for its commit */
  constructor(
    private readonly url: string,
    private readonly patienceMs: number,
  ) {}

  /** For how long no commit has come back, in seconds, however often it failed; 0 when the last one did. */
  get stalledSeconds(): number {
    return this.since === null ? 0 : (performance.now() - this.since) / 1_000;
  }

  /** Begins a commit unless one is under way, and waits for it a little. */
  async look(): Promise<void> {
    if (this.attempt === null) void this.commit();
    const until = performance.now() + this.patienceMs;
    while (this.attempt !== null && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Forgets the commit that is under way, for example because this server leads no more. */
  forget(): void {
    this.drop();
    this.attempt = null;
    this.since = null;
  }

  /** @throws Error when the server does not say in time */
  async waiting(): Promise<Waiting> {
    const client = await connect(this.url, { query_timeout: PATIENCE_MS });
    try {
      const { rows } = await client.query<Waiting>(
        `SELECT (SELECT count(*)::integer FROM pg_stat_activity WHERE wait_event = 'SyncRep') AS waiters,
           (SELECT count(*)::integer FROM pg_stat_replication WHERE state = 'streaming') AS streaming`,
      );
      return rows[0] ?? { waiters: 0, streaming: 0 };
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private async commit(): Promise<void> {
    const attempt = {};
    this.attempt = attempt;
    const began = performance.now();
    this.since ??= began;
    try {
      this.client ??= await connect(this.url);
      let isDoubtful = false;
      this.client.once('notice', () => (isDoubtful = true));
      // A row of nothing: it has a transaction of its own, and its commit waits as every other one.
      await this.client.query(`SELECT pg_logical_emit_message(true, 'ofitec-guard', '')`);
      this.client.removeAllListeners('notice');
      if (isDoubtful) throw new Error('the wait for the standby was cancelled');
      if (this.attempt !== attempt) return;
      this.lastSeconds = (performance.now() - began) / 1_000;
      this.since = null;
    } catch {
      // Whoever refuses connections has not committed either: the time goes on.
      if (this.attempt !== attempt) return;
      this.drop();
    }
    this.attempt = null;
  }

  private drop(): void {
    const client = this.client;
    this.client = null;
    // It may wait for a standby that never comes; nobody waits for its goodbye.
    void client?.end().catch(() => undefined);
  }
}

/** Whether nobody takes connections there any more. */
export async function isStopped(url: string): Promise<boolean> {
  try {
    const client = await connect(url);
    await client.end().catch(() => undefined);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'ECONNREFUSED';
  }
}

async function connect(url: string, bound: { query_timeout?: number } = {}): Promise<Client> {
  const client = new Client({
    ...bound,
    ...{ connectionString: url, connectionTimeoutMillis: PATIENCE_MS },
    ...{ application_name: 'ofitec guard', keepAlive: true },
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
