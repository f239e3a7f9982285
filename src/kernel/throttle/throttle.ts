import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { kernelConfig } from '../config/kernel.config.js';
import { Problem } from '../http/problem.js';
import { TooManyRequests } from '../http/problems.js';
import { contextOf } from '../http/request-context.js';
import { Counts } from './counts.js';
import { Expiring } from './expiring.js';
import { networkOf } from './network.js';

/** All limits are so many requests in a fixed window of this length. */
export const WINDOW_MS = 60_000;

const PROVEN_MS = 15 * 60_000;
const MAX_NETWORKS = 50_000;
const MAX_CREDENTIALS = 20_000;

/** The three limits: by address, by user, and by user for what is sensitive. */
export type LimitName = 'anonymous' | 'user' | 'sensitive';

/** One limit as one request found it. */
interface Standing {
  readonly name: LimitName;
  readonly limit: number;
  readonly left: number;
  readonly resetSeconds: number;
}

/**
 * Counts requests and refuses those over a limit. A request that proves nobody counts for its
 * address. Once an address has used its limit up, requests from there are refused unread, before
 * a body is parsed or a token looked up; only credentials that were good a moment ago still pass,
 * so that a stranger behind the shop's own address does not stop its cashiers.
 */
@Injectable()
export class Throttle {
  private readonly standings = new WeakMap<FastifyRequest, readonly Standing[]>();
  /** When the window of an address ends that has used its limit up. */
  private readonly exhausted = new Expiring<number>(MAX_NETWORKS);
  private readonly proven = new Expiring<true>(MAX_CREDENTIALS);
  private readonly anonymousLimit: number;

  constructor(
    private readonly counts: Counts,
    config: Config,
  ) {
    this.anonymousLimit = config.of(kernelConfig).API_THROTTLE_ANON_IP_RATE.perMinute;
  }

  /** The refusal of a request that need not be looked at any further, or null. */
  refusalOf(request: FastifyRequest, reply: FastifyReply): Problem | null {
    const endsAt = this.exhausted.get(networkOf(contextOf(request).ip));
    if (endsAt === undefined || isUncounted(request)) return null;
    const credential = credentialOf(request);
    if (credential !== null && this.proven.get(credential)) return null;
    const resetSeconds = Math.max(1, Math.ceil((endsAt - Date.now()) / 1000));
    const limit = this.anonymousLimit;
    return this.refuse(request, reply, { name: 'anonymous', limit, left: 0, resetSeconds });
  }

  /** Counts a request for a limit and tells the client how it stands. @throws Problem TooManyRequests */
  async admit(
    name: LimitName,
    limit: number,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const standing = await this.count(name, limit, request);
    if (standing.left < 0) throw this.refuse(request, reply, { ...standing, left: 0 });
    this.tell(request, reply, standing);
  }

  /** Counts a request for its address. @throws Problem TooManyRequests */
  async admitStranger(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    return this.admit('anonymous', this.anonymousLimit, request, reply);
  }

  /** Counts what no guard has seen: unknown routes, unreadable bodies, the pages of the documentation. */
  async countUnseen(request: FastifyRequest): Promise<void> {
    if (this.standings.has(request) || isUncounted(request)) return;
    await this.count('anonymous', this.anonymousLimit, request);
  }

  /** Remembers whether the request's credentials were good, by their hash. */
  learn(request: FastifyRequest, good: boolean): void {
    const credential = credentialOf(request);
    if (credential === null) return;
    if (!good) this.proven.delete(credential);
    else if (!this.proven.get(credential)) {
      this.proven.set(credential, true, Date.now() + PROVEN_MS);
    }
  }

  private async count(name: LimitName, limit: number, request: FastifyRequest): Promise<Standing> {
    this.standings.set(request, this.standings.get(request) ?? []);
    const whom = name === 'anonymous' ? networkOf(contextOf(request).ip) : userOf(request);
    const key = `ofitec:throttle:${whom}`;
    const { totalHits, timeToExpire } = await this.counts.increment(
      key,
      WINDOW_MS,
      limit,
      WINDOW_MS,
      name,
    );
    const left = limit - totalHits;
    if (name === 'anonymous' && left <= 0) {
      const endsAt = Date.now() + timeToExpire * 1000;
      this.exhausted.set(whom, endsAt, endsAt);
    }
    return { name, limit, left, resetSeconds: timeToExpire };
  }

  private refuse(request: FastifyRequest, reply: FastifyReply, standing: Standing): Problem {
    this.tell(request, reply, standing);
    return new Problem(TooManyRequests, {
      retryAfterSeconds: standing.resetSeconds,
      extra: { limit: standing.name },
    });
  }

  /** RateLimit-Policy and RateLimit as draft-ietf-httpapi-ratelimit-headers has them since -08. */
  private tell(request: FastifyRequest, reply: FastifyReply, standing: Standing): void {
    const all = [...(this.standings.get(request) ?? []), standing];
    this.standings.set(request, all);
    const policies = all.map(({ name, limit }) => `"${name}";q=${limit};w=${WINDOW_MS / 1000}`);
    const rests = all.map(
      ({ name, left, resetSeconds }) => `"${name}";r=${left};t=${resetSeconds}`,
    );
    void reply
      .header('ratelimit-policy', policies.join(', '))
      .header('ratelimit', rests.join(', '));
  }
}

/** A browser asks on its own whether it may ask at all. */
export function isUncounted(request: FastifyRequest): boolean {
  return request.method === 'OPTIONS' || isUncountedPath(request.routeOptions.url ?? '');
}

/** Load balancers ask for health all day. */
export function isUncountedPath(path: string): boolean {
  return path.startsWith('/health/');
}

/** What a request brings along to prove who sends it, hashed; null when it brings nothing. */
function credentialOf({ headers }: FastifyRequest): string | null {
  const { authorization = '', cookie = '' } = headers;
  return authorization || cookie ? hash('sha256', `${authorization}\n${cookie}`) : null;
}

function userOf(request: FastifyRequest): string {
  const { actor } = contextOf(request);
  return actor?.userId ?? `${actor?.companyId} ${actor?.login}`;
}
