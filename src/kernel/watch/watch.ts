import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { transientReason } from '../database/sql-state.js';
import { Problem } from '../http/problem.js';
import { OutcomeUnknown } from '../http/problems.js';
import { contextOf } from '../http/request-context.js';

export type TransactionOutcome = 'committed' | 'rolled_back' | 'unknown';
export type WorkOutcome = 'succeeded' | 'failed';
export type Work = 'delivery' | 'schedule';

/** What counts and times. Times are in seconds. */
export interface Meters {
  requestBegan(): void;
  requestEnded(method: string, route: string, status: number, seconds: number): void;
  requestUnreadable(): void;
  transactionEnded(kind: string, outcome: TransactionOutcome, seconds: number): void;
  transactionRetried(reason: string): void;
  /** Work of this name may come: its first failure is then seen as an increase. */
  workExpected(work: Work, name: string): void;
  workEnded(work: Work, name: string, outcome: WorkOutcome, seconds: number): void;
}

/** Names and words of a closed list only: no value of a statement, nothing of a person. */
export type Attributes = Readonly<Record<string, string | number>>;

type SpanKind = 'server' | 'client' | 'consumer' | 'internal';

/** A request's span, which begins and ends in different hooks. */
export interface RequestSpan {
  readonly traceId: string;
  /** Runs what belongs to the request, so that its spans become children. */
  within(work: () => void): void;
  end(name: string, attributes: Attributes, failed: boolean): void;
}

/** What follows one piece of work across the house. */
export interface Tracing {
  beginRequest(method: string, headers: FastifyRequest['headers']): RequestSpan;
  /** Runs the work inside a span; what it throws marks the span and passes on. */
  span<T>(of: SpanOf, work: (note: (more: Attributes) => void) => Promise<T>): Promise<T>;
  /** Sends what is left, within a few seconds. */
  close(): Promise<void>;
}

export interface SpanOf {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

/** The client went away before its answer; the number is nginx's, there is no standard one. */
const ABANDONED = 499;

const SPAN = Symbol('ofitec span');

type TracedRequest = FastifyRequest & { [SPAN]?: RequestSpan };

/**
 * Watches the house at work: requests, transactions, deliveries, schedules. With metrics and traces
 * off it is not in the way of anything.
 */
export class Watch {
  constructor(
    private readonly meters: Meters | null,
    private readonly tracing: Tracing | null,
  ) {}

  /** Puts itself around every request. */
  install(fastify: FastifyInstance): void {
    if (!this.isOn) return;
    fastify.addHook('onRequest', (request, reply, done) => {
      this.begin(request, reply);
      done();
    });
    if (!this.tracing) return;
    // The body was read on the socket's own asynchronous path, so the span's context starts after it.
    fastify.addHook('preValidation', (request: TracedRequest, _reply, done) => {
      const span = request[SPAN];
      return span ? span.within(done) : done();
    });
  }

  /** The HTTP parser or the router refused what came; it never became a request. */
  requestUnreadable(): void {
    this.meters?.requestUnreadable();
  }

  /** A transaction with all its attempts. `retry` tells of each that has to begin again. */
  async transaction<T>(
    kind: string,
    work: (retry: (error: unknown) => void) => Promise<T>,
  ): Promise<T> {
    if (!this.tracing) return this.timed(kind, work);
    const attributes = { 'db.system.name': 'postgresql', 'ofitec.transaction.kind': kind };
    return this.tracing.span({ name: 'transaction', kind: 'client', attributes }, (note) =>
      this.timed(kind, (retry) => {
        let attempts = 1;
        return work((error) => {
          retry(error);
          note({ 'ofitec.transaction.attempts': (attempts += 1) });
        });
      }),
    );
  }

  /** A transaction, counted and timed. */
  private async timed<T>(
    kind: string,
    work: (retry: (error: unknown) => void) => Promise<T>,
  ): Promise<T> {
    const { meters } = this;
    if (!meters) return work(ignore);
    const beganMs = performance.now();
    let outcome: TransactionOutcome = 'committed';
    try {
      return await work((error) => meters.transactionRetried(transientReason(error)));
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      meters.transactionEnded(kind, outcome, secondsSince(beganMs));
    }
  }

  /** One delivery of an event, or one run of a schedule. */
  async work<T>(
    work: Work,
    name: string,
    attributes: Attributes,
    run: () => Promise<T>,
  ): Promise<T> {
    const kind = work === 'delivery' ? 'consumer' : 'internal';
    const { tracing } = this;
    const followed = tracing
      ? () => tracing.span({ name: `${work} ${name}`, kind, attributes }, run)
      : run;
    return this.timedWork(work, name, followed);
  }

  /** Work of this name may come. */
  expectWork(work: Work, name: string): void {
    this.meters?.workExpected(work, name);
  }

  /** Sends what is left when the house ends. */
  async onApplicationShutdown(): Promise<void> {
    await this.tracing?.close();
  }

  private get isOn(): boolean {
    return this.meters !== null || this.tracing !== null;
  }

  private async timedWork<T>(work: Work, name: string, run: () => Promise<T>): Promise<T> {
    const { meters } = this;
    if (!meters) return run();
    const beganMs = performance.now();
    let outcome: WorkOutcome = 'failed';
    try {
      const result = await run();
      outcome = 'succeeded';
      return result;
    } finally {
      meters.workEnded(work, name, outcome, secondsSince(beganMs));
    }
  }

  private begin(request: TracedRequest, reply: FastifyReply): void {
    if (this.tracing && !isOfTheWatch(request.url)) {
      const span = this.tracing.beginRequest(request.method, request.headers);
      request[SPAN] = span;
      contextOf(request).traceId = span.traceId;
    }
    this.meters?.requestBegan();
    // Fastify has no hook that comes for answered and for abandoned requests alike.
    reply.raw.on('close', () => this.end(request, reply));
  }

  private end(request: TracedRequest, reply: FastifyReply): void {
    const { method } = request;
    const route = routeOf(request);
    const status = reply.raw.writableFinished ? reply.statusCode : ABANDONED;
    this.meters?.requestEnded(method, route, status, reply.elapsedTime / 1_000);
    request[SPAN]?.end(
      `${method} ${route}`,
      { 'http.route': route, 'http.response.status_code': status },
      status >= 500,
    );
  }
}

/** The route's template: as many as there are routes, whatever is asked for. */
function routeOf(request: FastifyRequest): string {
  return (request.is404 ? null : request.routeOptions.url) ?? 'unknown';
}

/** Being watched is no work to follow. */
function isOfTheWatch(url: string): boolean {
  return url.startsWith('/health/') || url.startsWith('/metrics');
}

function ignore(): void {}

function secondsSince(beganMs: number): number {
  return (performance.now() - beganMs) / 1_000;
}

function outcomeOf(error: unknown): TransactionOutcome {
  const isUnknown = error instanceof Problem && error.definition === OutcomeUnknown;
  return isUnknown ? 'unknown' : 'rolled_back';
}
