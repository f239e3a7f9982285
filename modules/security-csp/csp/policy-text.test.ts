import { describe, expect, it } from '@jest/globals';
import { dice } from '#test';
import { printPolicy, readPolicies, readPolicy, withDirective } from './policy-text.js';
import type { Policy } from './policy-text.js';

const NAMES = [
  'default-src',
  'script-src',
  'img-src',
  'sandbox',
  'report-uri',
  'x-own',
  'style-src',
];
const VALUES = ["'self'", 'https:', '*', 'a.test:*', "'nonce-Ab+/=='", '/csp/report?v=1', 'data:'];
const BLANKS = [' ', '\t', '\n', '\f', '\r', '  '];

describe('the text of a policy', () => {
  it('comes out as it went in, however often', () => {
    const roll = dice(7);
    const one = <T>(list: readonly T[]): T => list[Math.floor(roll() * list.length)] as T;
    for (let run = 0; run < 2_000; run += 1) {
      const names = NAMES.filter(() => roll() < 0.5);
      const policy: Policy = names.map((name) => ({
        name,
        values: Array.from({ length: Math.floor(roll() * 4) }, () => one(VALUES)),
      }));
      expect(readPolicy(printPolicy(policy))).toEqual({ policy, faults: [] });
      // The same with blanks, empty directives, capitals and repetitions, as people write them.
      const untidy = policy.map(({ name, values }) => {
        const words = [roll() < 0.3 ? name.toUpperCase() : name, ...values];
        return one(BLANKS) + words.join(one(BLANKS)) + one(BLANKS);
      });
      const text = [...untidy, '', ...untidy.slice(0, 1)].join(one([';', ';;', '; ;']));
      const { policy: read, faults } = readPolicy(text);
      expect(read).toEqual(policy);
      expect(faults.length).toBe(untidy.length > 0 ? 1 : 0);
    }
  });

  it('never fails, whatever it is given', () => {
    const roll = dice(11);
    for (let run = 0; run < 2_000; run += 1) {
      const length = Math.floor(roll() * 40);
      const text = Array.from({ length }, () =>
        String.fromCodePoint(Math.floor(roll() * (roll() < 0.9 ? 0x80 : 0x2000))),
      ).join('');
      const { policy } = readPolicy(text);
      expect(readPolicy(printPolicy(policy)).policy).toEqual(policy);
    }
  });

  it('passes over what no browser reads, and says so', () => {
    const { policy, faults } = readPolicy(
      'img-src a.test; IMG-SRC b.test; font-src ñ.test;; frame-src',
    );
    expect(policy).toEqual([
      { name: 'img-src', values: ['a.test'] },
      { name: 'frame-src', values: [] },
    ]);
    expect(faults.map(({ kind }) => kind)).toEqual(['repeated', 'not-ascii']);
  });

  it('takes a comma for another policy', () => {
    expect(readPolicies("img-src a.test, , default-src 'none'").length).toBe(2);
  });

  it('puts a directive in its place, at the end, or away', () => {
    const { policy } = readPolicy('img-src a.test; font-src b.test');
    const print = (name: string, values?: string[]): string =>
      printPolicy(withDirective(policy, name, values));
    expect(print('img-src', ['c.test'])).toBe('img-src c.test; font-src b.test');
    expect(print('media-src', [])).toBe('img-src a.test; font-src b.test; media-src');
    expect(print('img-src')).toBe('font-src b.test');
  });
});
