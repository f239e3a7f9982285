import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Client } from 'pg';
import type { EntityManager, ObjectLiteral } from 'typeorm';
import { currentContext } from '../access/context.js';
import { Problem } from '../http/problem.js';
import { reachDatabase } from './reach.js';
import { Rows } from './rows.js';
import { newId } from '../values/id.js';
import { Watch } from '../watch/watch.js';
import { Pipeline } from './pipeline.js';
import { isStaleStatement, isTransient } from './sql-state.js';
import { Transaction } from './transaction.js';
import type { Patience, TransactionKind } from './transaction.js';

const RETRIES = 3;

/** Rows that {@link Database.each} holds at once. */
const EACH = 1_000;

/**
 * The only way to data. Work runs in one ambient transaction: nested calls join it, a failed
 * nested call dooms the whole, and a serialization failure or deadlock starts the outermost
 * work again from its beginning, at most three times. Work given to it must therefore have no
 * effect outside the database. A refusal that keeps its work (`Problem`, `keepsWork`) commits what
 * was written before it and is thrown all the same.
 */
@Injectable()
export class Database {
  private readonly ambient = new AsyncLocalStorage<Transaction>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly watch: Watch,
  ) {}

  /** Runs the work in the ambient transaction, or in a new one of the context's company. */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const joined = this.ambient.getStore();
    return joined ? this.join(joined, work) : this.begin('ordinary', work);
  }

  /**
   * Runs work that only reads, and whose statements all see the same moment: figures that belong
   * together agree, however much is written meanwhile. Waits for nobody and holds nobody up.
   *
   * @throws Error inside an ordinary transaction, where each statement sees a moment of its own
   */
  async snapshot<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const joined = this.ambient.getStore();
    if (!joined) return this.begin('snapshot', work);
    if (joined.kind === 'snapshot') return this.join(joined, work);
    throw new Error('A snapshot begins outside of every other transaction.');
  }

  /**
   * Runs the work in a transaction of its own, also inside another one: what it writes stays when
   * the other is undone. It takes a second connection, so hold no lock that it could want.
   */
  async apart<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.ambient.exit(() => this.transaction(work));
  }

  /** The manager of the ambient transaction. @throws Error outside of one */
  get manager(): EntityManager {
    return this.current.manager;
  }

  /** The company of the ambient transaction. @throws Error when it runs without one */
  get companyId(): string {
    const companyId = this.ambient.getStore()?.companyId;
    if (!companyId) throw new Error('This transaction runs without a company.');
    return companyId;
  }

  /** Rows of one SQL statement in the ambient transaction, prepared once per connection. */
  async rows<R>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    return this.current.rows<R>(sql, parameters);
  }

  /**
   * Rows of a list or a report: a statement that is planned for its values each time. How many
   * rows a value leaves decides which index serves, and PostgreSQL settles for one plan for all
   * values when a statement is prepared, as those of {@link rows} are.
   */
  async rowsByPlan<R>(sql: string, parameters: readonly unknown[]): Promise<R[]> {
    return this.current.rows<R>(sql, parameters, false);
  }

  /**
   * Rows of one statement, some of them at a time, however many there are: all as they were when the first was
   * read. For the ambient transaction only, which stays open until the last.
   */
  async *each<R>(sql: string, parameters: readonly unknown[] = []): AsyncGenerator<R> {
    const { current } = this;
    const name = `each_${newId().replaceAll('-', '')}`;
    await current.rows(`DECLARE ${name} NO SCROLL CURSOR FOR ${sql}`, parameters, false);
    for (;;) {
      const page = await current.rows<R>(`FETCH FORWARD ${EACH} FROM ${name}`, [], false);
      yield* page;
      if (page.length < EACH) break;
    }
    await current.rows(`CLOSE ${name}`, [], false);
  }

  /**
   * Sends a statement whose rows nobody reads, without waiting: its answer comes with that of the
   * next question, or of COMMIT. If it fails nothing is committed, and its error is the
   * transaction's.
   *
   * @param read makes another error of the one it fails with
   */
  async write(
    sql: string,
    parameters: readonly unknown[],
    read?: (error: unknown) => unknown,
  ): Promise<void> {
    return this.current.write(sql, parameters, read);
  }

  /** Runs one statement that changes rows. @returns how many it changed */
  async change(sql: string, parameters: readonly unknown[]): Promise<number> {
    return this.current.change(sql, parameters);
  }

  /**
   * Lets the ambient transaction take longer than requests may (30 s a statement): for work on files
   * of any size, which waits for nobody's screen.
   */
  async takeTime(patience: Patience): Promise<void> {
    return this.current.takeTime(patience);
  }

  /**
   * Fills a temporary table of this transaction by COPY: row-level security refuses it on others.
   * Nothing else may be asked of the database until it is done.
   *
   * @param rows pieces of PostgreSQL's text format; what they throw undoes the transaction
   * @returns how many rows there were
   */
  async copyInto(
    table: string,
    columns: readonly string[],
    rows: AsyncIterable<string>,
  ): Promise<number> {
    return this.current.copy(`COPY ${table} (${columns.join(', ')}) FROM STDIN`, rows);
  }

  /** The statements of one entity's rows. */
  rowsOf<E extends ObjectLiteral>(entity: new () => E): Rows<E> {
    return Rows.of(this.dataSource, entity);
  }

  /**
   * Rows of one SQL statement that needs no company: one round trip, for the narrow SECURITY
   * DEFINER functions that sign-in and readiness start from. Inside a transaction it uses that
   * connection: a second one would starve the pool.
   */
  async rowsWithoutCompany<R>(sql: string, parameters: unknown[] = []): Promise<R[]> {
    const joined = this.ambient.getStore();
    if (joined) return joined.rows<R>(sql, parameters);
    try {
      return await this.rowsAlone<R>(sql, parameters);
    } catch (error) {
      if (!isStaleStatement(error)) throw error;
      return this.rowsAlone<R>(sql, parameters);
    }
  }

  private async rowsAlone<R>(sql: string, parameters: readonly unknown[]): Promise<R[]> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as Client;
      return (await Pipeline.of(client).send<R>(sql, parameters)).rows;
    } finally {
      await runner.release();
    }
  }

  /** Whether the database answers, over a connection beside the pool. @throws Error when it does not */
  async reach(timeoutMs: number): Promise<void> {
    const { url } = this.dataSource.options as { url?: string };
    await reachDatabase(url ?? '', timeoutMs);
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
      if (!keepsWork(error)) transaction.doomed ??= { cause: error };
      throw error;
    }
  }

  private async begin<T>(
    kind: TransactionKind,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    return this.watch.transaction(kind, async (retry) => {
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await this.attempt(kind, work);
        } catch (error) {
          if (attempt >= RETRIES || !isTransient(error)) throw error;
          retry(error);
          await sleep(Math.random() * 20 * 2 ** attempt);
        }
      }
    });
  }

  private async attempt<T>(
    kind: TransactionKind,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    const companyId = currentContext()?.actor?.companyId ?? null;
    const transaction = await Transaction.open(this.dataSource, companyId, kind);
    try {
      const result = await this.ambient.run(transaction, () => work(transaction.manager));
      if (transaction.doomed) throw transaction.doomed.cause;
      await transaction.commit();
      return result;
    } catch (error) {
      if (keepsWork(error) && !transaction.doomed) await transaction.commit();
      throw transaction.reasonOf(error);
    } finally {
      await transaction.release();
    }
  }

  private get current(): Transaction {
    const transaction = this.ambient.getStore();
    if (!transaction) throw new Error('Data is reached inside Database.transaction only.');
    return transaction;
  }
}

function keepsWork(error: unknown): boolean {
  return error instanceof Problem && error.options.keepsWork === true;
}
