import { hash } from 'node:crypto';

/** How many hashes a sketch keeps; SQL's `security_csp_merge` keeps as many. */
const KEPT = 64;
/** Beyond so many a set is cut back to what a sketch keeps. */
const LOOSE = 128;

/**
 * The least hashes of what was seen (k minimum values): few enough to keep, and enough to say how
 * many there were. Exact below 64, about 12 % off beyond. It merges with other ones, whatever each
 * has seen, and does not give back what was hashed.
 */
export class Sketch {
  private hashes = new Set<number>();

  add(value: number): void {
    this.hashes.add(value);
    if (this.hashes.size > LOOSE) this.hashes = new Set(this.least());
  }

  merge(other: Sketch): void {
    for (const value of other.hashes) this.add(value);
  }

  /** The least of them, in order. */
  least(): number[] {
    return [...this.hashes].sort((a, b) => a - b).slice(0, KEPT);
  }
}

/** A text as a signed 32-bit number, as PostgreSQL's `integer` is. */
export function hash32(text: string): number {
  return hash('sha256', text, 'buffer').readInt32LE(0);
}
