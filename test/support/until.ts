import { setTimeout as sleep } from 'node:timers/promises';

/** More than this between two looks is not waiting: the whole machine, or this process, stood still. */
const LONGEST_LOOK_MS = 5_000;

/** Waits for something to be so. @throws Error that names it, after the time that this process was awake */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<number> {
  const started = Date.now();
  let awakeMs = 0;
  for (;;) {
    const began = Date.now();
    let last: unknown = 'it was not so';
    try {
      if (await isSo()) return Date.now() - started;
    } catch (error) {
      last = error;
    }
    if (awakeMs > timeoutMs) {
      throw new Error(`Waited in vain: ${what}: ${String(last)}`, { cause: last });
    }
    // What comes soon is seen soon; what takes its time is not asked for all the time.
    await sleep(awakeMs < 1_000 ? 20 : 100);
    awakeMs += Math.min(Date.now() - began, LONGEST_LOOK_MS);
  }
}
