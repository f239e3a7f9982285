import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The answer to a question that costs something and may never come: asked by one at a time, kept
 * for a moment, waited for only so long.
 */
export class Latest<T> {
  private known: { readonly atMs: number; readonly value: T } | null = null;
  private asking: Promise<T> | null = null;

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly limits: { readonly freshMs: number; readonly patienceMs: number },
  ) {}

  /** @throws Error when the question fails, or is not answered in time and goes on being asked */
  async read(): Promise<T> {
    const { freshMs, patienceMs } = this.limits;
    if (this.known && performance.now() - this.known.atMs < freshMs) return this.known.value;
    this.asking ??= this.ask().finally(() => (this.asking = null));
    const answer = this.asking;
    answer.catch(() => undefined);
    const patience = new AbortController();
    const tooLong = sleep(patienceMs, null, { signal: patience.signal }).then(() => {
      throw new Error(`no answer in ${patienceMs} ms`);
    });
    tooLong.catch(() => undefined);
    try {
      const value = await Promise.race([answer, tooLong]);
      this.known = { atMs: performance.now(), value };
      return value;
    } finally {
      patience.abort();
    }
  }
}
