import { setTimeout as sleep } from 'node:timers/promises';

/** Between two lines that say what is waited for. */
const SAY_SECONDS = 60;
/** More than this between two looks is not waiting: the process, or the whole machine, stood still. */
const LONGEST_LOOK_SECONDS = 5;

/**
 * Reckons how long something was seen to be so. Neither a clock that is set nor a process that stood
 * still makes it longer: what nobody looked at counts for nothing.
 */
export class Watch {
  seconds = 0;
  private last: number | null = null;

  /** @param now in seconds of a clock that nobody sets; another one only in tests */
  constructor(private readonly now: () => number = () => performance.now() / 1_000) {}

  /** Notes a look at which it was so. */
  look(): void {
    const now = this.now();
    this.seconds += Math.min(LONGEST_LOOK_SECONDS, now - (this.last ?? now));
    this.last = now;
  }

  /** It was not so: it begins anew. */
  reset(): void {
    [this.seconds, this.last] = [0, null];
  }
}

/** Says what is waited for, now and once a minute, and again when it has changed. */
export class Voice {
  private said = '';
  private at = -Infinity;

  constructor(private readonly report: (line: string) => void) {}

  waits(what: string): void {
    const now = performance.now() / 1_000;
    if (what === this.said && now - this.at < SAY_SECONDS) return;
    [this.said, this.at] = [what, now];
    this.report(`${'…'.padEnd(10)}  ${''.padStart(8)}  ${what}`);
  }
}

/** Waits for so long, and says each minute for what and how much longer. */
export async function waitFor(
  seconds: number,
  what: string,
  report: (line: string) => void,
): Promise<void> {
  for (let left = seconds; left > 0; left -= SAY_SECONDS) {
    new Voice(report).waits(`${what}, ${Math.ceil(left)} s more`);
    await sleep(Math.min(left, SAY_SECONDS) * 1_000);
  }
}
