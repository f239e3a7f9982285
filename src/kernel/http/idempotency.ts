import { createHash } from 'node:crypto';
import { applyDecorators, Injectable, SetMetadata, UseInterceptors } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { currentActor } from '../access/context.js';
import { Database } from '../database/database.js';
import { StartAgain, sqlState, violatedConstraint } from '../database/sql-state.js';
import { Clock } from '../values/clock.js';
import { Problem } from './problem.js';
import { IdempotencyBusy, IdempotencyReused, Malformed } from './problems.js';

export const IDEMPOTENT = 'ofitec:idempotent';

/** The first answer to a key, as it was given. */
interface Kept {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: unknown;
}

/** One request with a key. */
interface Attempt {
  readonly key: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

const REPEATS = [IdempotencyBusy, IdempotencyReused];

const KEY = /^[\x21-\x7e]{1,255}$/;

const CLAIM = 'SELECT kernel_claim_idempotency_key($1, $2, $3, $4)';

// What the claim fails with: an answer is kept, another transaction is at work.
const ANSWERED = 'OF001';
const BUSY = 'OF002';

const LOOK_UP = `SELECT fingerprint, status, body FROM kernel_idempotency
  WHERE company_id = $1 AND actor_id = $2 AND route = $3 AND key = $4`;

const REPLAY = `UPDATE kernel_idempotency SET replays = replays + 1
  WHERE company_id = $1 AND actor_id = $2 AND route = $3 AND key = $4`;

const KEEP = `INSERT INTO kernel_idempotency
    (company_id, actor_id, route, key, fingerprint, status, body, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;

/**
 * Makes a route answer a repeated `Idempotency-Key` with its first answer. The key is stored in
 * the transaction of the work itself, so that a key is kept exactly when the work is.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = execution.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    const optional = Reflect.getMetadata(IDEMPOTENT, execution.getHandler()) === 'optional';
    if (key === undefined && optional) return next.handle();
    if (typeof key !== 'string' || !KEY.test(key)) throw badKey();
    const work = (): Promise<unknown> => lastValueFrom(next.handle());
    const attempt = { key, request, reply: http.getResponse<FastifyReply>() };
    return from(
      this.once(attempt, work).catch((error: unknown) => this.answerOfRival(attempt, error)),
    );
  }

  private async once(attempt: Attempt, work: () => Promise<unknown>): Promise<unknown> {
    const { key, request, reply } = attempt;
    // The route as it was matched: one address can be spelled in many ways.
    const { url = '' } = request.routeOptions;
    const route = `${request.method} ${url} ${JSON.stringify(request.params)}`;
    const fingerprint = fingerprintOf(request.body);
    const { companyId, userId } = currentActor();
    const name = [companyId, userId, route, key];
    try {
      return await this.database.transaction(async () => {
        // Sent and not waited for: the first questions of the work travel in the same packet, and
        // fail with the claim when it fails.
        const claimed = this.database.rows(CLAIM, name);
        const [claim, worked] = await Promise.allSettled([claimed, work()]);
        if (claim.status === 'rejected') throw claim.reason;
        if (worked.status === 'rejected') throw worked.reason;
        const body = worked.value;
        const answer = [fingerprint, reply.statusCode, JSON.stringify(body), this.clock.now()];
        await this.database.write(KEEP, [...name, ...answer], startAgainOnRival);
        return body;
      });
    } catch (error) {
      if (sqlState(error) === BUSY) throw new Problem(IdempotencyBusy, { retryAfterSeconds: 1 });
      if (sqlState(error) === ANSWERED) return this.replay(name, fingerprint, reply);
      throw error;
    }
  }

  /**
   * A rival with the same key may have committed between this attempt's look and its lock; then
   * the work is refused by what the rival did (the order is paid), and the truth is the rival's
   * answer. A refusal without such a rival stays what it is.
   */
  private async answerOfRival(attempt: Attempt, refusal: unknown): Promise<unknown> {
    const isRefusal = refusal instanceof Problem && [409, 422].includes(refusal.definition.status);
    if (!isRefusal || REPEATS.includes(refusal.definition)) throw refusal;
    return this.once(attempt, () => Promise.reject(refusal));
  }

  /** A replay writes too: it vouches for the first commit only by committing itself. */
  private async replay(
    name: readonly unknown[],
    fingerprint: string,
    reply: FastifyReply,
  ): Promise<unknown> {
    return this.database.transaction(async () => {
      const [kept] = await this.database.rows<Kept>(LOOK_UP, name);
      if (!kept) throw new Problem(IdempotencyBusy, { retryAfterSeconds: 1 });
      if (kept.fingerprint !== fingerprint) throw new Problem(IdempotencyReused);
      await this.database.write(REPLAY, name);
      void reply.status(kept.status).header('idempotency-replayed', 'true');
      return kept.body;
    });
  }
}

/**
 * A route that does the work of one `Idempotency-Key` once. Routes that move money demand the
 * key; where the data itself refuses a second time (one open session), it may be left out.
 */
export function Idempotent(demand: 'required' | 'optional' = 'required'): MethodDecorator {
  return applyDecorators(
    SetMetadata(IDEMPOTENT, demand),
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: 'Idempotency-Key',
      required: demand === 'required',
      description: 'A new text of 1 to 255 characters for each intent; repeat it to retry.',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: KEY.source },
    }),
  );
}

function badKey(): Problem {
  return new Problem(Malformed, {
    faults: [
      {
        field: 'Idempotency-Key',
        es: 'esta cabecera es obligatoria: 1 a 255 caracteres ASCII visibles',
        en: 'this header is required: 1 to 255 visible ASCII characters',
      },
    ],
  });
}

/**
 * The body in a form that the order of its members does not change. Passwords stay out: a stored
 * hash of a body that holds one would let a thief guess it. So does a code beside a password: it is
 * good once, and the retry brings another.
 */
function fingerprintOf(body: unknown): string {
  const canonical = JSON.stringify(body ?? null, function (this: object, name, value: unknown) {
    if (name === 'password' || (name === 'code' && 'password' in this)) return undefined;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  });
  return createHash('sha256').update(canonical).digest('hex');
}

function startAgainOnRival(error: unknown): unknown {
  if (sqlState(error) === '23505' && violatedConstraint(error) === 'kernel_idempotency_pkey') {
    return new StartAgain('a rival kept the same key', { cause: error });
  }
  return error;
}
