import type { AdapterReturn } from './adapter-return.js';
import type { PartnerMapping } from './mapping.js';

/** What a way to the SII can do. Nobody files but on the SII's own site; a partner does so for one. */
export const CAPABILITIES = ['export', 'submit', 'status', 'webhook', 'proposal'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** Where to, and how to prove oneself; the secret is read for the call and kept nowhere. */
export interface AdapterTarget {
  readonly baseUrl: string | null;
  readonly secret: string | null;
  /** The partner's own words for what became of a return, to ours. */
  readonly statuses: Readonly<Record<string, string>>;
  /** Where the partner's JSON says what, as far as the adapter heeds it. */
  readonly mapping: PartnerMapping;
}

/** Which submission a webhook is about; one of the two is enough. */
export interface WebhookSubject {
  readonly key?: string;
  readonly externalId?: string;
}

/** What became of a submission at the other end. */
export const OUTCOMES = ['accepted', 'needs_action', 'filed', 'rejected'] as const;
export type OutcomeState = (typeof OUTCOMES)[number];

export interface Outcome {
  readonly state: OutcomeState;
  /** The other end's name for it. */
  readonly externalId: string;
  /** Of a filed one, as the SII's site told it. */
  readonly folio?: string;
  /** `YYYY-MM-DD`. */
  readonly filedOn?: string;
  readonly detail?: string;
}

/** The other end certainly did not take it: it may be given again. */
export class NotTaken extends Error {}

/**
 * A way to the SII: the port that an integrator implements. It holds no state of a company; it
 * writes no secret into an error or a log. Whatever is thrown but {@link NotTaken} means that
 * nobody knows whether a submission was taken, and {@link find} is asked before it is given again.
 */
export abstract class SiiAdapter {
  /** A lower-case word, unique: what a connector's `kind` says. */
  abstract readonly kind: string;
  abstract readonly capabilities: readonly Capability[];

  /**
   * Gives a return to the other end. The same key again means the same submission.
   *
   * @throws NotTaken when it certainly was not taken
   */
  abstract submit(target: AdapterTarget, given: AdapterReturn, key: string): Promise<Outcome>;

  /** What became of a submission, by its key; null when the other end knows none. */
  abstract find(target: AdapterTarget, key: string): Promise<Outcome | null>;

  /** @throws Error that says what is wrong, without a secret */
  abstract probe(target: AdapterTarget): Promise<void>;

  /**
   * Which submission a webhook is about, from its body: nothing else of it is believed, and what
   * became of the submission is read with {@link find}. Null when it does not tell, as here: then
   * everything that is open is looked up.
   */
  subjectOf(_target: AdapterTarget, _body: unknown): WebhookSubject | null {
    return null;
  }
}
