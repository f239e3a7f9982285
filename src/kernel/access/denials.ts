import { Logger } from '@nestjs/common';
import { networkOf } from '../throttle/network.js';
import type { Denial, Suppression } from './denial.js';
import { DenialPool } from './denial-pool.js';

/** What waits for the database; while that is away the log has it, and the oldest goes. */
const MAX_WAITING = 1_000;

/**
 * Denied requests: a line on the logger `security` at once, and an event in the audit soon. Both
 * are capped, because an attacker chooses how many there are; what the caps hold back is counted,
 * and the count is recorded.
 */
export class Denials {
  private readonly log = new Logger('security');
  private readonly pools = new Map<string, DenialPool>();
  private denials: readonly Denial[] = [];
  private suppressions: readonly Suppression[] = [];

  /** Records a denial, or counts it. @returns whether it was recorded */
  add(denial: Denial): boolean {
    const pool = this.poolOf(denial);
    const now = denial.at.getTime();
    this.close(pool, now);
    const source = denial.actor?.userId ?? networkOf(denial.ip);
    if (!pool.admits(source, denial.code, now)) return false;
    this.log.warn(lineOf(denial));
    this.denials = [...this.denials, denial].slice(-MAX_WAITING);
    return true;
  }

  /** Takes what waits to be stored, with the counts of the minutes that are over at `now`. */
  take(now: number): { denials: readonly Denial[]; suppressions: readonly Suppression[] } {
    for (const pool of this.pools.values()) this.close(pool, now);
    const { denials, suppressions } = this;
    this.denials = [];
    this.suppressions = [];
    return { denials, suppressions };
  }

  /** Gives back what could not be stored. */
  putBack(denials: readonly Denial[], suppressions: readonly Suppression[]): void {
    this.denials = [...denials, ...this.denials].slice(-MAX_WAITING);
    this.suppressions = [...suppressions, ...this.suppressions].slice(-MAX_WAITING);
  }

  private close(pool: DenialPool, now: number): void {
    const suppression = pool.ended(now);
    if (!suppression) return;
    this.log.warn({ message: 'api_access_denied_suppressed', ...suppression });
    this.suppressions = [...this.suppressions, suppression].slice(-MAX_WAITING);
  }

  /**
   * Strangers have a pool of their own, and so have guesses at the passwords of a company's users:
   * a flood of the one hides neither the other nor what a company's users try themselves.
   */
  private poolOf({ actor, claim }: Denial): DenialPool {
    const companyId = actor?.companyId ?? claim?.companyId ?? null;
    const name = `${actor ? 'users' : 'strangers'} ${companyId}`;
    const pool = this.pools.get(name) ?? new DenialPool(companyId);
    this.pools.set(name, pool);
    return pool;
  }
}

/** Ids and names of things, no personal data but the address; nothing that the client made up. */
function lineOf(denial: Denial): object {
  const { status, code, method, route, requestId, ip, actor, claim } = denial;
  return {
    ...{ message: 'api_access_denied', status, code, method, route, requestId, ip },
    ...(actor ? { companyId: actor.companyId, actorId: actor.userId, login: actor.login } : {}),
    ...(claim ? { subjectType: claim.subject.type, subjectId: claim.subject.id } : {}),
  };
}
