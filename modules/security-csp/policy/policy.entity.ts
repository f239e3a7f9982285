import { createHash } from 'node:crypto';
import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn, Problem } from '#kernel';
import { printPolicy, readPolicy } from '../csp/policy-text.js';
import { withoutReporting } from '../emit/emission.js';
import { PercentNotRaised, PolicyInState } from './policy.problems.js';

export const POLICY_STATES = [
  ...(['draft', 'report-only', 'candidate', 'enforcing', 'superseded', 'rolled-back'] as const),
] as const;
export type PolicyState = (typeof POLICY_STATES)[number];

/** A text that the policy had, and the number by which its reports are told from others. */
export interface PolicyVersion {
  readonly number: number;
  readonly text: string;
  readonly hash: string;
  /** When it began, in ISO 8601. */
  readonly at: string;
}

const MAX_VERSIONS = 50;

/** A policy of an app on its way from a draft to being enforced; see the README's diagram. */
@Entity('security_csp_policy')
export class Policy extends CompanyRecord {
  @Column({ type: 'uuid' })
  appId!: string;

  /** The app's slug. */
  @Column({ type: 'text' })
  app!: string;

  /** What `?v=` says in the addresses that its text reports to; another text, another number. */
  @Column({ type: 'integer' })
  number!: number;

  @Column({ type: 'text' })
  state!: PolicyState;

  /** Without `report-uri` and `report-to`, which emission adds. */
  @Column({ type: 'text' })
  text!: string;

  /** SHA-256 of the text, in base64url. */
  @Column({ type: 'text' })
  hash!: string;

  /** The texts that it had before, the oldest first. */
  @Column({ type: 'jsonb' })
  versions!: readonly PolicyVersion[];

  /** How many of a hundred visitors get it enforced. */
  @Column({ type: 'integer' })
  percent!: number;

  /** Directives whose inline elements get a nonce from the application: only it can send them. */
  @Column({ type: 'text', array: true })
  nonces!: readonly string[];

  /** The policy that took its place. */
  @Column({ type: 'uuid', nullable: true })
  supersededBy!: string | null;

  /** Since when browsers report on it. */
  @InstantColumn({ nullable: true })
  observedAt!: Date | null;

  /** Since when it has had the text that is to be enforced. */
  @InstantColumn({ nullable: true })
  candidateAt!: Date | null;

  @InstantColumn({ nullable: true })
  enforcedAt!: Date | null;

  @InstantColumn({ nullable: true })
  rolledBackAt!: Date | null;

  /** What was said with the last act. */
  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  /** Browsers begin to report on it. @throws Problem PolicyInState */
  observe(now: Date): void {
    this.demand('draft');
    this.state = 'report-only';
    this.observedAt = now;
  }

  /**
   * It is what is to be enforced, with this text.
   *
   * @param next a number that no text of the app has had
   * @param oldest the number below which reports are noise; a policy from before gets the next one
   * @throws Problem PolicyInState
   */
  propose(
    { text, nonces }: { text: string; nonces: readonly string[] },
    { next, oldest }: { next: number; oldest: number },
    now: Date,
  ): void {
    this.demand('report-only', 'candidate', 'rolled-back');
    const isHeard = this.number >= oldest;
    const kept = this.state === 'candidate' && text === this.text && isHeard;
    if (text !== this.text || !isHeard) this.rewrite(text, next, now);
    this.state = 'candidate';
    this.nonces = nonces;
    if (!kept) this.candidateAt = now;
  }

  /**
   * So many of a hundred visitors get it enforced: the percentage rises only, since the policy that a
   * hundred took the place of protects nobody any more.
   *
   * @throws Problem PolicyInState, PercentNotRaised
   */
  enforce(percent: number, reason: string | null, now: Date): void {
    this.demand('candidate', 'enforcing');
    if (percent <= this.percent) {
      throw new Problem(PercentNotRaised, { extra: { percent: this.percent } });
    }
    if (this.state === 'candidate') this.enforcedAt = now;
    this.state = 'enforcing';
    this.percent = percent;
    this.reason = reason;
  }

  /** Nobody gets it enforced any more. @throws Problem PolicyInState */
  rollBack(reason: string, now: Date): void {
    this.demand('enforcing');
    this.state = 'rolled-back';
    this.percent = 0;
    this.rolledBackAt = now;
    this.reason = reason;
  }

  /** Another one takes its place. */
  supersede(by: string): void {
    this.demand('enforcing');
    this.state = 'superseded';
    this.percent = 0;
    this.supersededBy = by;
  }

  /** The one that took its place was rolled back. */
  restore(): void {
    this.demand('superseded');
    this.state = 'enforcing';
    this.percent = 100;
    this.supersededBy = null;
  }

  private rewrite(text: string, next: number, now: Date): void {
    const { number, hash } = this;
    const old = { number, text: this.text, hash, at: now.toISOString() };
    this.versions = [...this.versions, old].slice(-MAX_VERSIONS);
    this.text = text;
    this.hash = hashOf(text);
    this.number = next;
  }

  private demand(...states: readonly PolicyState[]): void {
    if (!states.includes(this.state)) {
      throw new Problem(PolicyInState, { extra: { state: this.state, needs: states } });
    }
  }
}

/** A policy's text as it is kept: printed by the one printer, without where to report. */
export function keptText(text: string): string {
  return printPolicy(withoutReporting(readPolicy(text).policy));
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
