import type { Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SnakeCase } from './naming.js';
import { connecting } from './servers.js';

export interface DataSourceOptions {
  /** Of several servers, by commas, the one that takes writes is taken. */
  readonly url: string;
  readonly entities: readonly Type[];
  readonly poolSize: number;
  readonly lifeSeconds?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
}

/**
 * A pool of connections with a bound on everything: 30 s a statement, 10 s waiting for a row
 * lock, 10 s idle inside a transaction, 10 s waiting for a connection, 40 s waiting for an answer,
 * half an hour of life unless told otherwise. A host that died without a word is noticed after 20 s of silence.
 */
export function createDataSource(options: DataSourceOptions): DataSource {
  const { connectionString, ...several } = connecting(options.url);
  return new DataSource({
    type: 'postgres',
    url: connectionString,
    entities: [...options.entities],
    namingStrategy: new SnakeCase(),
    applicationName: options.applicationName,
    poolSize: options.poolSize,
    installExtensions: false,
    synchronize: false,
    logging: false,
    extra: {
      pipeline: true,
      statement_timeout: 30_000,
      lock_timeout: 10_000,
      // No work of the house rests inside a transaction: a process that was frozen there holds rows for so long.
      idle_in_transaction_session_timeout: 10_000,
      connectionTimeoutMillis: 10_000,
      // Longer than PostgreSQL's own limit: it ends what waits for a server that is gone.
      query_timeout: 40_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      maxLifetimeSeconds: options.lifeSeconds ?? 1_800,
      ...several,
    },
  });
}
