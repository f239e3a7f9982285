import { setTimeout as sleep } from 'node:timers/promises';
import { businessDay } from '#kernel';

/** The longest test file takes less, on a machine that is twice as slow. */
const FILE_MS = 150_000;

/**
 * Waits where the business day ends within a test file's time: a shop's day that is opened on one day and cut on
 * the next is another story than the one that is told.
 *
 * @returns how long it waited, in milliseconds
 */
export async function clearOfMidnight(
  now: () => number = Date.now,
  rest: (ms: number) => Promise<unknown> = sleep,
): Promise<number> {
  let waitedMs = 0;
  while (businessDay(new Date(now())) !== businessDay(new Date(now() + FILE_MS))) {
    waitedMs += 1_000;
    await rest(1_000);
  }
  return waitedMs;
}
