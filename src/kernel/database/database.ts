import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { EntityManager, QueryRunner } from 'typeorm';
import { currentContext } from '../access/context.js';
import { Problem } from '../http/problem.js';
import { OutcomeUnknown } from '../http/problems.js';
import { isId } from '../values/id.js';
import { isTransient, isUnavailable, sqlState } from './sql-state.js';

/** The transaction that the present work is part of. */
interface Transaction {
  readonly manager: EntityManager;
  readonly companyId: string | null;
  /** Set when a nested call failed: whoever caught the error cannot save half of the work. */
  doomed: { readonly cause: unknown } | null;
}

const RETRIES = 3;

/**
 * The only way to data. Work runs in one ambient transaction: nested calls join it, a failed
 * nested call dooms the whole, and a serialization failure or deadlock starts the outermost
 * work again from its beginning, at most three times. Work given to it must therefore have no
 * effect outside the database.
 */
@Injectable()
export class Database {
  private readonly ambient = new AsyncLocalStorage<Transaction>();

  constructor(private readonly dataSource: DataSource) {}

  /** Runs the work in the ambient transaction, or in a new one of the context's company. */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const joined = this.ambient.getStore();
    if (joined) return this.join(joined, work);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (attempt >= RETRIES || !isTransient(error)) throw error;
        await sleep(Math.random() * 20 * 2 ** attempt);
      }
    }
  }

  /** The manager of the ambient transaction. @throws Error outside of one */
  get manager(): EntityManager {
    const transaction = this.ambient.getStore();
    if (!transaction) throw new Error('Data is reached inside Database.transaction only.');
    return transaction.manager;
  }

  /** The company of the ambient transaction. @throws Error when it runs without one */
  get companyId(): string {
    const companyId = this.ambient.getStore()?.companyId;
    if (!companyId) throw new Error('This transaction runs without a company.');
    return companyId;
  }

  /** Rows of one SQL statement in the ambient transaction. */
  async rows<R>(sql: string, parameters: unknown[] = []): Promise<R[]> {
    return this.manager.query<R[]>(sql, parameters);
  }

  /**
   * Rows of one SQL statement that needs no company: one round trip, for the narrow SECURITY
   * DEFINER functions that sign-in and readiness start from. Inside a transaction it uses that
   * connection: a second one would starve the pool.
   */
  async rowsWithoutCompany<R>(sql: string, parameters: unknown[] = []): Promise<R[]> {
    const joined = this.ambient.getStore();
    if (joined) return joined.manager.query<R[]>(sql, parameters);
    return this.dataSource.query<R[]>(sql, parameters);
  }

  /**
   * Waits for a lock on a name until the transaction ends. Locks taken under one name exclude
   * each other unless both are shared.
   */
  async lockName(name: string, mode: 'exclusive' | 'shared' = 'exclusive'): Promise<void> {
    const verb = mode === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
    await this.rows(`SELECT ${verb}(hashtextextended($1, 0))`, [name]);
  }

  private async join<T>(
    transaction: Transaction,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(transaction.manager);
    } catch (error) {
      transaction.doomed ??= { cause: error };
      throw error;
    }
  }

  private async attempt<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    const client = (await runner.connect()) as Client;
    const companyId = currentContext()?.actor?.companyId ?? null;
    let open = false;
    try {
      await begin(runner, client, companyId);
      open = true;
      const transaction: Transaction = { manager: runner.manager, companyId, doomed: null };
      const result = await this.ambient.run(transaction, () => work(runner.manager));
      if (transaction.doomed) throw transaction.doomed.cause;
      open = false;
      await commit(client);
      return result;
    } finally {
      if (open) await client.query('ROLLBACK').catch(() => undefined);
      markActive(runner, false);
      await runner.release();
    }
  }
}

/**
 * Opens the transaction and names its company in the same round trip. The setting is local to
 * the transaction: a pooled connection never carries it into the next one.
 */
async function begin(runner: QueryRunner, client: Client, companyId: string | null): Promise<void> {
  if (companyId !== null && !isId(companyId)) throw new Error('A company id is a UUID.');
  await client.query(`BEGIN; SELECT set_config('ofitec.company_id', '${companyId ?? ''}', true)`);
  markActive(runner, true);
}

/**
 * Commits. A warning 01000 (the wait for a synchronous standby was cancelled) or 57P01 (the
 * server goes down in that wait), or a connection lost while committing, leaves the outcome
 * unknown, and it is reported as just that.
 */
async function commit(client: Client): Promise<void> {
  let warned = false;
  const onNotice = (notice: { code?: string | undefined }): void => {
    warned ||= notice.code === '01000' || notice.code === '57P01';
  };
  client.on('notice', onNotice);
  try {
    await client.query('COMMIT');
  } catch (error) {
    if (sqlState(error) !== null && !isUnavailable(error)) throw error;
    throw new Problem(OutcomeUnknown, { cause: error, retryAfterSeconds: 1 });
  } finally {
    client.off('notice', onNotice);
  }
  if (warned) throw new Problem(OutcomeUnknown, { retryAfterSeconds: 1 });
}

/** TypeORM opens a transaction of its own around a write unless told that one is open. */
function markActive(runner: QueryRunner, active: boolean): void {
  (runner as { isTransactionActive: boolean }).isTransactionActive = active;
}
