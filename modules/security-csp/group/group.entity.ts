import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';

export const DISPOSITIONS = ['enforce', 'report'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

/**
 * What was blocked (CSP3 §5.3, `blockedURI`): something with a URL, one of the words that browsers
 * say for what has none, or a bare scheme (`scheme`).
 */
export const BLOCKED_KINDS = [
  ...(['url', 'inline', 'eval', 'wasm-eval', 'trusted-types-sink'] as const),
  ...(['trusted-types-policy', 'data', 'blob', 'self', 'scheme', 'unknown'] as const),
] as const;
export type BlockedKind = (typeof BLOCKED_KINDS)[number];

/** Why a group says nothing about the app's policy; `marked` is a person's word. */
export const NOISE_REASONS = [
  ...(['extension', 'bare_scheme', 'injected_host', 'foreign_document'] as const),
  ...(['old_policy', 'single_reporter', 'marked'] as const),
] as const;
export type NoiseReason = (typeof NOISE_REASONS)[number];

export const VERDICTS = ['pending', 'accepted', 'rejected'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** All reports of one violation: same app, policy, disposition, directive, blocked thing, source. */
@Entity('security_csp_group')
export class Group extends CompanyRecord {
  @Column({ type: 'uuid' })
  appId!: string;

  /** The app's slug. */
  @Column({ type: 'text' })
  app!: string;

  /** SHA-256 of what makes it this group and no other, in base64url. */
  @Column({ type: 'text' })
  fingerprint!: string;

  /** SHA-256 of the policy as it was reported, its nonces masked, in base64url. */
  @Column({ type: 'text' })
  policyHash!: string;

  /** `?v=` of the address that the report was sent to. */
  @Column({ type: 'integer', nullable: true })
  policyVersion!: number | null;

  @Column({ type: 'text' })
  disposition!: Disposition;

  /** The effective directive, a leaf: `script-src-elem`. */
  @Column({ type: 'text' })
  directive!: string;

  @Column({ type: 'text' })
  blockedKind!: BlockedKind;

  /** `https://cdn.example:8443` of a URL, `chrome-extension:` of a scheme. */
  @Column({ type: 'text', nullable: true })
  blockedOrigin!: string | null;

  /** One example of a URL, without query and fragment, long ids in its path redacted. */
  @Column({ type: 'text', nullable: true })
  blockedUrl!: string | null;

  /** Origin or scheme of the script that did it, where the browser says. */
  @Column({ type: 'text', nullable: true })
  sourceOrigin!: string | null;

  /** The document is none of the app's hosts'. */
  @Column({ type: 'boolean' })
  foreignDocument!: boolean;

  /** Origins of the pages it was seen on, the first ten: what 'self' stands for. */
  @Column({ type: 'text', array: true })
  documentOrigins!: string[];

  @InstantColumn()
  firstSeenAt!: Date;

  @InstantColumn()
  lastSeenAt!: Date;

  /** Business day of the last report. */
  @Column({ type: 'date' })
  lastDay!: string;

  /** Reports; a lower bound, since browsers leave some out. */
  @Column({ type: 'integer' })
  count!: number;

  /** Business days with a report. */
  @Column({ type: 'integer' })
  days!: number;

  /** Distinct pages: exact up to 63, estimated beyond. */
  @Column({ type: 'integer' })
  pages!: number;

  /** Distinct reporters, told apart by shortened address and browser: exact up to 63. */
  @Column({ type: 'integer' })
  reporters!: number;

  /** The least 64 hashes of pages. */
  @Column({ type: 'integer', array: true })
  pageSketch!: number[];

  @Column({ type: 'integer', array: true })
  reporterSketch!: number[];

  @Column({ type: 'text', array: true })
  browsers!: string[];

  /** How many single reports are kept of it. */
  @Column({ type: 'integer' })
  samples!: number;

  @Column({ type: 'boolean' })
  noise!: boolean;

  @Column({ type: 'text', nullable: true })
  noiseReason!: NoiseReason | null;

  /** A person said whether it is noise: no rule changes that any more. */
  @Column({ type: 'boolean' })
  noiseOverridden!: boolean;

  /** What that person said. */
  @Column({ type: 'text', nullable: true })
  noiseNote!: string | null;

  @Column({ type: 'text' })
  verdict!: Verdict;

  @Column({ type: 'text', nullable: true })
  verdictReason!: string | null;

  @Column({ type: 'uuid', nullable: true })
  verdictBy!: string | null;

  @InstantColumn({ nullable: true })
  verdictAt!: Date | null;

  /** The app needs it: a policy should allow it. What a person wants is no noise. */
  accept(by: string | null, at: Date, reason: string): void {
    if (this.noise) this.mark(false, reason);
    this.judge('accepted', by, at, reason);
  }

  /** It stays blocked, and every later policy must block it. */
  reject(by: string | null, at: Date, reason: string): void {
    this.judge('rejected', by, at, reason);
  }

  /** A person says whether it is noise; noise is judged no further. */
  mark(noise: boolean, note: string): void {
    const noiseReason = noise ? ('marked' as const) : null;
    Object.assign(this, { noise, noiseReason, noiseNote: note, noiseOverridden: true });
    if (!noise) return;
    const nothing = { verdictReason: null, verdictBy: null, verdictAt: null };
    Object.assign(this, { verdict: 'pending', ...nothing });
  }

  private judge(verdict: Verdict, by: string | null, at: Date, reason: string): void {
    Object.assign(this, { verdict, verdictReason: reason, verdictBy: by, verdictAt: at });
  }
}
