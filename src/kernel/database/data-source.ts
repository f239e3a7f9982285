import type { Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SnakeCase } from './naming.js';

export interface DataSourceOptions {
  readonly url: string;
  readonly entities: readonly Type[];
  readonly poolSize: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
}

/**
 * A pool of connections with a bound on everything: 30 s a statement, 10 s waiting for a row
 * lock, 60 s idle inside a transaction, 10 s waiting for a connection.
 */
export function createDataSource(options: DataSourceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url,
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
      idle_in_transaction_session_timeout: 60_000,
      connectionTimeoutMillis: 10_000,
    },
  });
}
