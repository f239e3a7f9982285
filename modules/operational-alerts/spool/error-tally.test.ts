import { describe, expect, it } from '@jest/globals';
import { ErrorTally, OTHERS } from './error-tally.js';

/** A tally, and how a fault comes to it. */
function tally(): { errors: ErrorTally; fail: (route: string, message: string) => void } {
  const errors = new ErrorTally();
  const fail = (route: string, message: string): void =>
    errors.count({
      ...{ at: new Date(), method: 'GET', route, requestId: 'r' },
      error: Object.assign(new Error(message), { stack: `Error: ${message}\n    at f (a.js:1:1)` }),
    });
  return { errors, fail };
}

const counts = (errors: ErrorTally): [string, number][] =>
  [...errors.take()].map(([key, { count }]) => [key.replace(/ [0-9a-f]{12}$/, ''), count]);

describe('a tally of errors', () => {
  it('counts as one what differs only by its values, and a route and a text apart', () => {
    const { errors, fail } = tally();
    for (let n = 0; n < 300; n += 1) fail('/a', `row ${n} of "t${n}" is gone`);
    for (let n = 0; n < 300; n += 1) fail('/b', 'row 1 of "t" is gone');
    fail('/b', 'something else');
    expect(counts(errors)).toEqual([
      ['GET /a', 300],
      ['GET /b', 300],
      ['GET /b', 1],
    ]);
    expect(errors.isEmpty).toBe(true);
  });

  it('loses no count of what it takes back, however many kinds came meanwhile', () => {
    const { errors, fail } = tally();
    for (let n = 0; n < 90; n += 1) fail(`/early/${'x'.repeat(n)}`, 'broken');
    const refused = errors.take();
    for (let n = 0; n < 90; n += 1) fail(`/late/${'x'.repeat(n)}`, 'broken');
    fail('/early/x', 'broken');
    errors.putBack(refused);
    const all = errors.take();
    expect([...all.values()].reduce((sum, { count }) => sum + count, 0)).toBe(181);
    // A hundred kinds at once; what came after them is one.
    expect([all.size, all.get(OTHERS)?.count]).toEqual([101, 80]);
    const again = [...all].find(([key]) => key.startsWith('GET /early/x '));
    expect(again?.[1].count).toBe(2);
  });
});
