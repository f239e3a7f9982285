import { beforeEach, describe, expect, it } from '@jest/globals';
import { Backoff } from './backoff.js';
import type { Circumstances } from './backoff.js';

const CALM: Circumstances = { term: 5, epoch: 7, wanted: null, isReached: null };

describe('a provider that fails', () => {
  let chance: number;
  let backoff: Backoff;

  beforeEach(() => {
    chance = 0;
    backoff = new Backoff(15_000, () => chance);
  });

  it('is asked at once by who has not asked yet', () => {
    expect([backoff.isDue(0, CALM), backoff.failures]).toEqual([true, 0]);
  });

  it('is left alone for twice as long each time, up to the bound, however often it fails', () => {
    const waits = [1, 2, 3, 4, 5].map(() => backoff.failed(0, CALM));
    expect(waits).toEqual([2_000, 4_000, 8_000, 15_000, 15_000]);
    for (let n = 0; n < 5_000; n += 1) expect(backoff.failed(0, CALM)).toBe(15_000);
    expect(backoff.failures).toBe(5_005);
  });

  it('is left alone for less by chance, and for half of it at least', () => {
    chance = 0.5;
    expect(backoff.failed(0, CALM)).toBe(1_500);
    chance = 0.999_999;
    expect([backoff.failed(0, CALM), backoff.failed(0, CALM)]).toEqual([2_000, 4_000]);
    const real = new Backoff(15_000);
    const waits = Array.from({ length: 50 }, () => real.failed(0, CALM)).slice(4);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(7_500);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000);
    expect(new Set(waits).size).toBeGreaterThan(10);
  });

  it('is asked again when the time is over, and not a moment before', () => {
    backoff.failed(100_000, CALM);
    expect([101_999, 102_000].map((now) => backoff.isDue(now, CALM))).toEqual([false, true]);
    // One that is not asked then is due still.
    expect(backoff.isDue(200_000, CALM)).toBe(true);
    backoff.failed(200_000, CALM);
    expect([203_999, 204_000].map((now) => backoff.isDue(now, CALM))).toEqual([false, true]);
  });

  it('begins anew once it has done what it was asked', () => {
    for (const now of [0, 0, 0]) backoff.failed(now, CALM);
    backoff.succeeded();
    expect([backoff.isDue(1, CALM), backoff.failures]).toEqual([true, 0]);
    expect(backoff.failed(0, CALM)).toBe(2_000);
  });

  it.each<[string, Partial<Circumstances>, boolean]>([
    ['nothing changes', {}, false],
    ['another one leads, or the same one anew', { term: 6 }, true],
    ['somebody wrote a greater epoch', { epoch: 8 }, true],
    ['the name servers do not agree', { epoch: 0 }, false],
    ['the name is to move', { wanted: 'b' }, true],
    ['it is known to take connections, and did so all the time', { isReached: true }, false],
    ['it is known to take none', { isReached: false }, false],
  ])('is asked again at once, or not, when %s', (_, change, isDue) => {
    backoff.failed(0, CALM);
    expect(backoff.isDue(1, { ...CALM, ...change })).toBe(isDue);
  });

  it('is asked at once when it takes connections again, each time', () => {
    backoff.failed(0, CALM);
    const look = (isReached: boolean | null): boolean => backoff.isDue(1, { ...CALM, isReached });
    expect([true, false, false, null, true].map(look)).toEqual([false, false, false, false, true]);
    // It took the connection and failed again: the wait goes on, until it is gone and back once more.
    backoff.failed(1, { ...CALM, isReached: true });
    expect([true, false, true].map(look)).toEqual([false, false, true]);
    // What was seen before a failure is remembered: nobody looks while it is asked.
    backoff.failed(1, { ...CALM, isReached: false });
    backoff.failed(1, CALM);
    expect(look(true)).toBe(true);
  });

  it('is not asked at once for a wish that comes and goes', () => {
    backoff.failed(0, { ...CALM, wanted: 'b' });
    expect(backoff.isDue(1, { ...CALM, wanted: 'b' })).toBe(false);
    backoff.failed(2, CALM);
    expect([null, 'b', 'c'].map((wanted) => backoff.isDue(3, { ...CALM, wanted }))).toEqual([false, false, true]); // prettier-ignore
  });

  it('is not asked at once for an epoch that was seen before', () => {
    backoff.failed(0, CALM);
    backoff.failed(1, { ...CALM, epoch: 0 });
    expect([0, 7, 8].map((epoch) => backoff.isDue(2, { ...CALM, epoch }))).toEqual([false, false, true]); // prettier-ignore
  });
});
