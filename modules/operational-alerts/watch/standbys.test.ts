import { describe, expect, it } from '@jest/globals';
import { degradations } from './standbys.js';
import type { Standby } from './standbys.js';

const none = { names: '', atLeast: 0, lagSeconds: 30 };

function standby(name: string, more: Partial<Standby> = {}): Standby {
  return { name, state: 'streaming', lagSeconds: null, lagBytes: 0, ...more };
}

function keys(standbys: readonly Standby[], expected: Partial<typeof none>): string[] {
  return degradations(standbys, { ...none, ...expected }).map(({ key }) => key.toLowerCase());
}

describe('what is wrong with standbys', () => {
  it('is nothing where none is expected', () => {
    expect(keys([], {})).toEqual([]);
    expect(keys([standby('a')], { names: 'a', atLeast: 1 })).toEqual([]);
  });

  it.each(['a', '"a"', 'A, b', '1 (a, b)', 'ANY 1 (b, a)', 'FIRST 2 (a, b)'])(
    'is each that %s names and that does not follow',
    (names) => {
      expect(keys([standby('b')], { names })).toEqual(['a']);
      expect(keys([standby('b'), standby('a', { state: 'catchup' })], { names })).toEqual(['a']);
      expect(keys([standby('b'), standby('a')], { names })).toEqual([]);
    },
  );

  it('is their number where anybody will do', () => {
    expect(keys([], { names: '*' })).toEqual(['standbys']);
    expect(keys([standby('a')], { names: 'ANY 2 (*)' })).toEqual(['standbys']);
    expect(keys([standby('a'), standby('b')], { names: 'ANY 2 (*)' })).toEqual([]);
    expect(keys([standby('a')], { atLeast: 2 })).toEqual(['standbys']);
  });

  it('is one that is late, and not one that has everything', () => {
    expect(keys([standby('a', { lagSeconds: 31, lagBytes: 9 })], {})).toEqual(['a']);
    expect(keys([standby('a', { lagSeconds: 30, lagBytes: 9 })], {})).toEqual([]);
    expect(keys([standby('a', { lagSeconds: 31, lagBytes: 0 })], {})).toEqual([]);
  });

  it('believes a connection whose state may not be seen', () => {
    expect(keys([standby('a', { state: null, lagBytes: null })], { names: 'a' })).toEqual([]);
  });
});
