/** What an attempt was made under; a later one is not kept waiting where something of it has changed. */
export interface Circumstances {
  /** The leader's term: who leads anew has not asked yet. */
  readonly term: number;
  /** The epoch that the name servers show; 0 where they do not agree. */
  readonly epoch: number;
  /** The site that the name is to lead to; null while it is to stay. */
  readonly wanted: string | null;
  /** Whether the provider takes connections; null where nobody has looked. */
  readonly isReached: boolean | null;
}

/** The first wait; each further one is twice as long, up to the bound. */
const FIRST_MS = 2_000;

/**
 * When a provider that failed is asked again: after waits that double up to a bound, each of them shortened by chance
 * by up to a half, so that many who failed at once do not come back at once. Whatever may end in another answer ends
 * the wait: another leader, a greater epoch, another site to go to, a provider that takes connections again.
 */
export class Backoff {
  private count = 0;
  private dueAt = 0;
  private noted: Circumstances | null = null;

  /**
   * @param mostMs the bound of a wait
   * @param random from 0 to 1, for a test
   */
  constructor(
    private readonly mostMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** Failures in a row. */
  get failures(): number {
    return this.count;
  }

  /** @param now by a clock that nobody sets, in milliseconds */
  isDue(now: number, { term, epoch, wanted, isReached }: Circumstances): boolean {
    const { noted } = this;
    if (!noted || now >= this.dueAt) return true;
    const isBack = noted.isReached === false && isReached === true;
    const isWanted = wanted !== null && wanted !== noted.wanted;
    // What was seen last counts: a provider that went away while it was left alone may come back, too.
    this.noted = { ...noted, isReached: isReached ?? noted.isReached };
    return isBack || isWanted || term !== noted.term || epoch > noted.epoch;
  }

  /** @returns for how long it is left alone now, in milliseconds */
  failed(now: number, circumstances: Circumstances): number {
    const { noted } = this;
    this.noted = {
      ...circumstances,
      // A wish that comes and goes is not a new one each time, nor is an epoch that some servers do not show yet.
      wanted: circumstances.wanted ?? noted?.wanted ?? null,
      epoch: Math.max(circumstances.epoch, noted?.epoch ?? 0),
      isReached: circumstances.isReached ?? noted?.isReached ?? null,
    };
    const fullMs = Math.min(this.mostMs, FIRST_MS * 2 ** Math.min(this.count, 20));
    this.count += 1;
    const waitMs = Math.round(fullMs * (1 - this.random() / 2));
    this.dueAt = now + waitMs;
    return waitMs;
  }

  succeeded(): void {
    this.count = 0;
    this.noted = null;
  }
}
