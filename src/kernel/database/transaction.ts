import { finished, pipeline as flow } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, QueryResult } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { Problem } from '../http/problem.js';
import { OutcomeUnknown } from '../http/problems.js';
import { isId } from '../values/id.js';
import { isRefusal } from './sql-state.js';
import { Pipeline } from './pipeline.js';

/** How long a transaction may wait, in milliseconds. */
export interface Patience {
  /** For one statement, and between two of them. */
  readonly statementMs: number;
  /** For a lock that another transaction holds. */
  readonly lockMs: number;
  /** For an answer of the server; ten seconds more than a statement may take unless said. */
  readonly answerMs?: number;
}

/** `snapshot`: it only reads, and sees one moment throughout. */
export type TransactionKind = 'ordinary' | 'snapshot';

const BEGIN: Readonly<Record<TransactionKind, string>> = {
  ordinary: 'BEGIN',
  snapshot: 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY',
};

/**
 * One transaction on one connection. What is sent in one go (BEGIN and the first question, the
 * last writes and COMMIT) travels in one packet: the round trips are most of what a payment costs.
 */
export class Transaction {
  /** Set when a nested call failed: whoever caught the error cannot save half of the work. */
  doomed: { readonly cause: unknown } | null = null;
  /** The first statement that failed; PostgreSQL takes nothing after it, and no COMMIT. */
  private failed: { readonly error: unknown; readonly cause: unknown } | null = null;
  private readonly begun: Promise<unknown>;
  private readonly ahead: Promise<unknown>[] = [];
  private ended = false;
  private answerMs: number | undefined;

  private constructor(
    private readonly runner: QueryRunner,
    private readonly client: Client,
    private readonly pipeline: Pipeline,
    readonly companyId: string | null,
    readonly kind: TransactionKind,
  ) {
    // The setting is local to the transaction: a pooled connection never carries it on.
    // SET is not planned, as a SELECT of set_config would be.
    const company = `SET LOCAL ofitec.company_id = '${companyId ?? ''}'`;
    this.begun = this.watch(pipeline.send(`${BEGIN[kind]}; ${company}`));
    this.begun.catch(() => undefined);
    markActive(runner, true);
  }

  /** Opens a transaction of a company, or of none. */
  static async open(
    dataSource: DataSource,
    companyId: string | null,
    kind: TransactionKind,
  ): Promise<Transaction> {
    if (companyId !== null && !isId(companyId)) throw new Error('A company id is a UUID.');
    const runner = dataSource.createQueryRunner();
    const client = (await runner.connect()) as Client;
    return new Transaction(runner, client, Pipeline.of(client), companyId, kind);
  }

  get manager(): EntityManager {
    return this.runner.manager;
  }

  /** Rows of one statement. @param prepared whether one plan may serve for all values */
  async rows<R>(sql: string, values: readonly unknown[], prepared = true): Promise<R[]> {
    return (await this.ask<R>(sql, values, prepared)).rows;
  }

  /** Waits longer, or less long, for the answers to what is sent from now on. */
  async takeTime({ statementMs, lockMs, answerMs }: Patience): Promise<void> {
    await this.rows(
      `SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
         set_config('idle_in_transaction_session_timeout', $1, true)`,
      [String(statementMs), String(lockMs)],
    );
    this.answerMs = answerMs ?? statementMs + 10_000;
  }

  /** Runs one statement. @returns how many rows it changed */
  async change(sql: string, values: readonly unknown[]): Promise<number> {
    return (await this.ask(sql, values)).rowCount ?? 0;
  }

  /** Sends a statement whose rows nobody reads, without waiting for its answer. */
  async write(
    sql: string,
    values: readonly unknown[],
    read: (error: unknown) => unknown = (error) => error,
  ): Promise<void> {
    await this.begun;
    const sent = this.watch(this.pipeline.send(sql, values, true, this.answerMs), read);
    sent.catch(() => undefined);
    this.ahead.push(sent);
  }

  /**
   * Sends rows by COPY, in its text format. Nothing else is asked meanwhile.
   *
   * @returns how many rows the server took
   */
  async copy(sql: string, rows: AsyncIterable<string>): Promise<number> {
    await this.begun;
    await Promise.all(this.ahead);
    // A client that pipelines refuses COPY; nothing is in flight here that could be mixed up.
    const client = this.client as Client & { pipeline: boolean };
    client.pipeline = false;
    const copy = Object.assign(copyFrom(sql), { query_timeout: this.answerMs });
    const stream = client.query(copy);
    // A connection that is lost does not end the stream by itself.
    const lost = new AbortController();
    const onLost = (): void => lost.abort();
    client.once('end', onLost).once('error', onLost);
    try {
      await flow(rows, stream, { signal: lost.signal });
      return stream.rowCount;
    } catch (error) {
      const cause = lost.signal.aborted
        ? Object.assign(new Error('the connection was lost while copying', { cause: error }), {
            code: 'ECONNRESET',
          })
        : error;
      this.failed ??= { error: cause, cause };
      // PostgreSQL says that the COPY is over before it takes the ROLLBACK.
      await Promise.race([finished(stream).catch(() => undefined), sleep(1_000)]);
      throw cause;
    } finally {
      client.off('end', onLost).off('error', onLost);
      client.pipeline = true;
    }
  }

  /** What made the transaction fail: the first failure, not those that follow from it. */
  reasonOf(error: unknown): unknown {
    return this.failed && !this.ended ? this.failed.cause : error;
  }

  /**
   * Commits. A warning 01000 (the wait for a synchronous standby was cancelled) or 57P01 (the
   * server goes down in that wait), or a connection lost while committing, leaves the outcome
   * unknown, and it is reported as just that.
   */
  async commit(): Promise<void> {
    await this.begun;
    const before = this.failed;
    if (before) throw before.cause;
    this.ended = true;
    let warned = false;
    const onNotice = (notice: { code?: string | undefined }): void => {
      warned ||= notice.code === '01000' || notice.code === '57P01';
    };
    this.client.on('notice', onNotice);
    const [answer] = await Promise.allSettled([this.pipeline.send('COMMIT'), ...this.ahead]);
    this.client.off('notice', onNotice);
    if (this.failed) throw verdictOn(this.failed.error, this.failed.cause);
    if (answer.status === 'rejected') throw verdictOn(answer.reason);
    if (answer.value.command !== 'COMMIT') throw new Error('A failed transaction had to commit.');
    if (warned) throw new Problem(OutcomeUnknown, { retryAfterSeconds: 1 });
  }

  /** Gives the connection back; what was not committed is rolled back. */
  async release(): Promise<void> {
    await Promise.allSettled(this.ahead);
    if (!this.ended) await this.pipeline.send('ROLLBACK').catch(() => undefined);
    markActive(this.runner, false);
    await this.runner.release();
  }

  private async ask<R>(
    sql: string,
    values: readonly unknown[],
    prepared = true,
  ): Promise<QueryResult<R & object>> {
    const [, answer] = await Promise.all([
      this.begun,
      this.watch(this.pipeline.send<R>(sql, values, prepared, this.answerMs)),
    ]);
    return answer;
  }

  /** Notes the first failure at once, before anything that is sent after it is answered. */
  private watch<R>(
    answer: Promise<QueryResult<R & object>>,
    read: (error: unknown) => unknown = (error) => error,
  ): Promise<QueryResult<R & object>> {
    return answer.catch((error: unknown) => {
      this.failed ??= { error, cause: read(error) };
      throw this.failed.cause;
    });
  }
}

/** PostgreSQL said no, and then nothing is stored; or it said nothing, and then nobody knows. */
function verdictOn(error: unknown, cause = error): unknown {
  if (isRefusal(error)) return cause;
  return new Problem(OutcomeUnknown, { cause, retryAfterSeconds: 1 });
}

/** TypeORM opens a transaction of its own around a write unless told that one is open. */
function markActive(runner: QueryRunner, active: boolean): void {
  (runner as { isTransactionActive: boolean }).isTransactionActive = active;
}
