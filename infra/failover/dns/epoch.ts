/**
 * The epoch: a number that only grows, published in a TXT record beside the name. Who writes demands
 * that the text is still the one it read, and writes a greater number in the same change. Of two
 * writers the later is refused, whatever each believes (a fencing token).
 */

/** What the TXT record says. */
export interface Mark {
  readonly epoch: number;
  readonly site: string;
}

const TEXT = /^ofitec-failover epoch=([1-9]\d{0,14}) site=([a-z0-9-]{1,40})$/;

/** The TXT record beside a name. */
export function markName(record: string): string {
  return `_gate.${record}`;
}

export function writeMark({ epoch, site }: Mark): string {
  return `ofitec-failover epoch=${epoch} site=${site}`;
}

/** @returns null when the text was written by somebody else */
export function readMark(text: string): Mark | null {
  const [, epoch, site] = TEXT.exec(text) ?? [];
  return epoch && site ? { epoch: Number(epoch), site } : null;
}

/**
 * The epoch of a new change: etcd's revision, and in any case more than what is published, also where
 * etcd was built anew and counts from one again.
 */
export function nextEpoch(revision: number, published: number | null): number {
  return Math.max(revision, (published ?? 0) + 1);
}

/** Whether a change may still be written over what is published. */
export function mayFollow(epoch: number, published: number | null): boolean {
  return epoch > (published ?? 0);
}
