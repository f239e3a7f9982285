/** What does not agree. */
export interface Finding {
  readonly kind: FindingKind;
  /** The block in which it shows. */
  readonly block: number;
  /** The event, where it is about one. */
  readonly eventId?: string;
}

/**
 * - `event-changed`: the event does not say what was sealed.
 * - `event-missing`: it was sealed, and is not in its place any more.
 * - `event-added`: it stands among sealed events and was not there when they were sealed.
 * - `block-missing`: a number of the chain is not there.
 * - `block-changed`: a block is not what its own hash says, or does not lie on the one before it.
 * - `anchor-missing`, `anchor-differs`: a block that was written down elsewhere is not there, or is another.
 * - `withdrawal-false`: something stands in the place of sealed events, and no sealed event vouches for it.
 * - `cut-false`: the log does not begin where a cut says so, or no sealed event vouches for that cut.
 * - `ahead`: the chain ends in a transaction that this server has not reached. A dump was restored into
 *   a new cluster, whose transactions count anew: what is written from now on is not sealed.
 */
type FindingKind =
  | 'event-changed'
  | 'event-missing'
  | 'event-added'
  | 'block-missing'
  | 'block-changed'
  | 'anchor-missing'
  | 'anchor-differs'
  | 'withdrawal-false'
  | 'cut-false'
  | 'ahead';

/** How many findings are kept; all are counted. */
export const MOST_FINDINGS = 100;

/** A finding for people. */
export function inWords({ kind, block, eventId }: Finding): string {
  return `${kind} in block ${block}${eventId === undefined ? '' : `: ${eventId}`}`;
}

/** Findings, the first of them kept: a log that somebody wiped has as many as events. */
export class Findings {
  readonly first: Finding[] = [];
  count = 0;

  add(finding: Finding): void {
    this.count += 1;
    if (this.first.length < MOST_FINDINGS) this.first.push(finding);
  }

  /** Takes over what others found. */
  addAll({ first, count }: Findings): void {
    this.first.push(...first.slice(0, MOST_FINDINGS - this.first.length));
    this.count += count;
  }
}
