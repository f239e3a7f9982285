import type { Duplex } from 'node:stream';
import { Query } from 'pg';
import type { Client, QueryResult, QueryResultRow } from 'pg';
import { isStaleStatement } from './sql-state.js';

/** Texts beyond this many are sent unprepared: a server keeps each prepared one per connection. */
const MAX_PREPARED = 500;

const pipelines = new WeakMap<Client, Pipeline>();
const names = new Map<string, string>();
let named = 0;

/** What the client reads of a query beside its text and values. */
type Sendable<R extends QueryResultRow> = Query<R> & { name?: string; query_timeout?: number };

/**
 * Statements of one connection, in the order in which they are sent. Those of one turn of the
 * event loop leave in one packet, and each text is prepared once per connection: the server plans
 * a statement under a row-level policy anew otherwise.
 */
export class Pipeline {
  private corked = false;

  private constructor(private readonly client: Client) {}

  static of(client: Client): Pipeline {
    const pipeline = pipelines.get(client) ?? new Pipeline(client);
    pipelines.set(client, pipeline);
    return pipeline;
  }

  /**
   * Sends a statement behind those that were sent before; without values it may hold several.
   *
   * @param prepared whether one plan may serve for all values
   * @param answerMs how long its answer may take, where that is not what the connection says
   */
  send<R>(
    sql: string,
    values?: readonly unknown[],
    prepared = true,
    answerMs?: number,
  ): Promise<QueryResult<R & QueryResultRow>> {
    this.cork();
    if (!values) return this.client.query<R & QueryResultRow>(sql);
    const name = prepared ? nameOf(sql) : undefined;
    return new Promise((resolve, reject) => {
      // A query that is complete: the client copies a description of one property by property.
      const query: Sendable<R & QueryResultRow> = new Query<R & QueryResultRow>(
        sql,
        [...values],
        (error, result) => {
          if (!error) return resolve(result);
          if (isStaleStatement(error)) names.delete(sql);
          // Otherwise its stack is that of the socket which brought the answer.
          Error.captureStackTrace(error);
          reject(error);
        },
      );
      if (name !== undefined) query.name = name;
      if (answerMs !== undefined) query.query_timeout = answerMs;
      this.client.query(query);
    });
  }

  private cork(): void {
    if (this.corked) return;
    this.corked = true;
    const { stream } = this.client.connection as unknown as { stream: Duplex };
    stream.cork();
    process.nextTick(() => {
      this.corked = false;
      stream.uncork();
    });
  }
}

function nameOf(sql: string): string | undefined {
  const known = names.get(sql);
  if (known !== undefined || names.size >= MAX_PREPARED) return known;
  named += 1;
  const name = `ofitec_${named}`;
  names.set(sql, name);
  return name;
}
