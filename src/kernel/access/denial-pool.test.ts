import { describe, expect, it } from '@jest/globals';
import { CAPS, DenialPool } from './denial-pool.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 480_000 * HOUR;

describe('caps on denied attempts', () => {
  /** Every minute, that many of as many sources; how many were recorded. */
  function flood(pool: DenialPool, from: number, minutes: number, sources: number): number {
    let recorded = 0;
    for (let minute = 0; minute < minutes; minute += 1) {
      for (let n = 0; n < 2_000; n += 1) {
        const at = from + minute * MINUTE + n * 10;
        if (pool.admits(`source ${n % sources}`, n % 2 === 0 ? 'a' : 'b', at)) recorded += 1;
      }
    }
    return recorded;
  }

  it('records so many of one source in a minute, and others beside it', () => {
    const pool = new DenialPool(null);
    expect(flood(pool, START, 1, 1)).toBe(CAPS.sourcePerMinute);
    expect(pool.admits('another', 'a', START + MINUTE - 1)).toBe(true);
    expect(flood(pool, START + MINUTE, 1, 1)).toBe(CAPS.sourcePerMinute);
  });

  it('records so many in a minute and in an hour, however many sources there are', () => {
    const pool = new DenialPool(null);
    expect(flood(pool, START, 1, 500)).toBe(CAPS.perMinute);
    expect(flood(pool, START + MINUTE, 59, 500)).toBe(CAPS.perHour - CAPS.perMinute);
    expect(flood(pool, START + HOUR, 1, 500)).toBe(CAPS.perMinute);
  });

  it('tells what was held back once the minute is over, and tells it once', () => {
    const pool = new DenialPool('a company');
    flood(pool, START, 1, 1);
    expect(pool.ended(START + MINUTE - 1)).toBeNull();
    expect(pool.ended(START + MINUTE)).toEqual({
      companyId: 'a company',
      from: new Date(START),
      until: new Date(START + MINUTE),
      count: 1_990,
      codes: { a: 995, b: 995 },
    });
    expect(pool.ended(START + MINUTE)).toBeNull();
  });
});
