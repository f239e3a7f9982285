import { decideBy, readRules } from '../csp/match.js';
import type { Rules, Verdict } from '../csp/match.js';
import { leafOf } from '../csp/directives.js';
import { attemptsOf, blockedText, isCanary } from './evidence.js';
import type { Evidence } from './evidence.js';
import type { ProofCounts, ProofFailure } from './proof.entity.js';

const MAX_FAILURES = 100;

/** Holds a policy against groups, one after another, in both directions. */
export class Replay {
  readonly failures: ProofFailure[] = [];
  private readonly totals = {
    accepted: 0,
    acceptedAllowed: 0,
    rejected: 0,
    rejectedBlocked: 0,
    unprovable: 0,
    unexplained: 0,
    noise: 0,
  };

  private readonly rules: readonly Rules[];

  /** @param nonces directives whose inline elements get a nonce from the application */
  constructor(
    text: string,
    private readonly nonces: readonly string[],
  ) {
    this.rules = readRules(text);
  }

  get counts(): ProofCounts {
    return { ...this.totals };
  }

  /** Whether every accepted group is allowed and every rejected one blocked. */
  get holds(): boolean {
    const { accepted, acceptedAllowed, rejected, rejectedBlocked } = this.totals;
    return accepted === acceptedAllowed && rejected === rejectedBlocked;
  }

  take(group: Evidence): void {
    if (isCanary(group)) this.takeRejected(group);
    else if (group.verdict === 'accepted' && group.resolution?.how === 'refuse') {
      this.takeRejected(group);
    } else if (group.verdict === 'accepted') this.takeAccepted(group);
    else if (group.verdict === 'rejected') this.takeRejected(group);
    else if (group.noise) this.totals.noise += 1;
    else if (this.refusal(group)) this.totals.unexplained += 1;
  }

  private takeAccepted(group: Evidence): void {
    if (group.resolution?.how === 'nonce' && this.nonces.includes(leafOf(group.directive))) {
      this.totals.unprovable += 1;
      return;
    }
    this.totals.accepted += 1;
    const refusal = this.refusal(group);
    if (refusal) this.fail(group, 'allowed', refusal.reason);
    else this.totals.acceptedAllowed += 1;
  }

  private takeRejected(group: Evidence): void {
    this.totals.rejected += 1;
    const hole = this.verdicts(group).find((verdict) => verdict === null || verdict.allowed);
    if (hole === undefined) this.totals.rejectedBlocked += 1;
    else this.fail(group, 'blocked', hole?.reason ?? 'not to be read as a URL');
  }

  /** What the standard or Chromium would block of it, on any of its pages. */
  private refusal(group: Evidence): { reason: string } | undefined {
    const found = this.verdicts(group).find((verdict) => verdict === null || !verdict.allowed);
    return found === null ? { reason: 'not to be read as a URL' } : found;
  }

  private verdicts(group: Evidence): (Verdict | null)[] {
    return attemptsOf(group).flatMap((attempt) =>
      (['csp3', 'chromium'] as const).map((dialect) => decideBy(this.rules, attempt, dialect)),
    );
  }

  private fail(group: Evidence, wanted: ProofFailure['wanted'], reason: string): void {
    if (this.failures.length >= MAX_FAILURES) return;
    const { id: groupId, directive } = group;
    this.failures.push({ groupId, directive, blocked: blockedText(group), wanted, reason });
  }
}
