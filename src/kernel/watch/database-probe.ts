import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Client, Pool, PoolConfig } from 'pg';
import { DataSource } from 'typeorm';
import { kernelMigrations } from '#migrations/kernel';
import { migrationName } from '../addon/installed.js';
import { AddonRegistry } from '../addon/registry.js';
import { isUnavailable, sqlState } from '../database/sql-state.js';

// One row for ever: the probe leaves no garbage, and of probes that hang in COMMIT only one holds
// the row; the others are refused by lock_timeout, so that connections do not pile up either.
const WRITE = `INSERT INTO kernel_probe (id, written_at) VALUES (true, clock_timestamp())
  ON CONFLICT (id) DO UPDATE SET written_at = excluded.written_at`;
const MIGRATED = `SELECT addon || '/' || name AS id FROM kernel_migration`;

const LIMITS = {
  connectionTimeoutMillis: 1_500,
  lock_timeout: 1_000,
  statement_timeout: 1_500,
  application_name: 'ofitec probe',
} as const;

/**
 * Writes to the database as a user's request would, and commits: reading works on a standby, on a
 * full disk and while no commit is acknowledged, and tells of none of them. It has a connection of
 * its own, so that a busy pool is not taken for a database that is gone.
 */
@Injectable()
export class DatabaseProbe implements OnApplicationShutdown {
  private client: Client | null = null;
  private writing = false;
  private expired = false;
  private readonly expected: readonly string[];
  private missing: readonly string[] = [];

  constructor(
    private readonly dataSource: DataSource,
    registry: AddonRegistry,
  ) {
    const kernel = { name: 'kernel', migrations: kernelMigrations };
    this.expected = [kernel, ...registry.addons].flatMap(({ name, migrations }) =>
      migrations.map((migration) => `${name}/${migrationName(new migration())}`),
    );
  }

  /** Migrations of this code that the database did not have at the last {@link write}. */
  get pending(): readonly string[] {
    return this.missing;
  }

  /**
   * Writes and commits one row.
   *
   * @param signal ends it when it takes too long: a COMMIT that waits for a standby obeys no timeout
   * @throws Error with a few words that are fit for everybody: no address, no SQL
   */
  async write(signal: AbortSignal): Promise<void> {
    const drop = (): void => this.drop();
    signal.addEventListener('abort', drop, { once: true });
    try {
      this.writing = true;
      const client = (this.client ??= await this.connect());
      let warned = false;
      const onNotice = ({ code }: { code?: string | undefined }): void => {
        warned ||= code === '01000' || code === '57P01';
      };
      client.on('notice', onNotice);
      const [, { rows }] = await Promise.all([
        client.query(WRITE),
        client.query<{ id: string }>(MIGRATED),
      ]);
      client.off('notice', onNotice);
      if (warned) throw new Error('a write was not replicated');
      const done = new Set(rows.map(({ id }) => id));
      this.missing = this.expected.filter((id) => !done.has(id));
    } catch (error) {
      this.drop();
      throw new Error(inWords(error), { cause: error });
    } finally {
      this.writing = false;
      signal.removeEventListener('abort', drop);
      if (this.expired) this.retire();
    }
  }

  onApplicationShutdown(): void {
    this.drop();
  }

  private get pool(): Pool & { Client: new (config: PoolConfig) => Client } {
    type Driver = { master: Pool & { Client: new (config: PoolConfig) => Client } };
    return (this.dataSource.driver as unknown as Driver).master;
  }

  /** A connection with credentials that were rotated must be gone some day, asked for or not. */
  private retire(): void {
    this.expired = this.writing;
    if (this.writing) return;
    const { client } = this;
    this.client = null;
    client?.end().catch(() => undefined);
  }

  /** As the pool's connections are made, so that what rotates its credentials serves the probe too. */
  private async connect(): Promise<Client> {
    const client = new this.pool.Client({ ...this.pool.options, ...LIMITS });
    client.on('error', () => this.drop());
    try {
      await client.connect();
      const { maxLifetimeSeconds } = this.pool.options;
      const life = setTimeout(() => this.retire(), (maxLifetimeSeconds ?? 86_400) * 1_000).unref();
      client.once('end', () => clearTimeout(life));
      this.expired = false;
      return client;
    } catch (error) {
      destroy(client);
      throw error;
    }
  }

  private drop(): void {
    if (this.client) destroy(this.client);
    this.client = null;
  }
}

/** Without waiting for a farewell, which a server that hangs does not give. */
function destroy(client: Client): void {
  const { stream } = client.connection as unknown as { stream: { destroy(): void } };
  stream.destroy();
}

function inWords(error: unknown): string {
  const state = sqlState(error);
  if (state === '25006') return 'the database is read-only';
  if (state === '53100') return 'the database has no disk space';
  if (state === '55P03' || state === '57014') return 'a write is held up';
  if (isUnavailable(error)) return 'the database does not answer';
  if (error instanceof Error && error.message === 'a write was not replicated') {
    return error.message;
  }
  return 'a write failed';
}
