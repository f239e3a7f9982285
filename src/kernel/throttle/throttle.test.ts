import { describe, expect, it } from '@jest/globals';
import { kernel } from '#test';
import { Expiring } from './expiring.js';
import { MemoryCounts } from './memory-counts.js';

describe('counts in memory', () => {
  let now = 1_000_000;
  const clock = (): number => now;
  const hit = (counts: MemoryCounts, key: string, name = 'anonymous') =>
    counts.increment(key, 60_000, 3, 60_000, name);

  it('lets the limit through in a window, and begins anew when it ends', async () => {
    const counts = new MemoryCounts(clock);
    for (const totalHits of [1, 2, 3]) {
      const count = { totalHits, isBlocked: false, timeToBlockExpire: 0, timeToExpire: 60 };
      expect(await hit(counts, 'a')).toEqual(count);
    }
    now += 20_500;
    const over = { totalHits: 4, isBlocked: true, timeToBlockExpire: 40, timeToExpire: 40 };
    expect(await hit(counts, 'a')).toEqual(over);
    now += 39_499;
    expect((await hit(counts, 'a')).isBlocked).toBe(true);
    now += 1;
    expect(await hit(counts, 'a')).toMatchObject({ totalHits: 1, isBlocked: false });
  });

  it('remembers a bounded number of addresses, and no flood of them makes a user forgotten', async () => {
    const counts = new MemoryCounts(clock, 100);
    for (let n = 0; n < 4; n += 1) await hit(counts, 'someone', 'user');
    for (let n = 0; n < 5_000; n += 1) await hit(counts, `2001:db8:${n.toString(16)}::/64`);
    expect(counts.size).toBe(101);
    expect((await hit(counts, 'someone', 'user')).isBlocked).toBe(true);
    expect((await hit(counts, '2001:db8:1387::/64')).totalHits).toBe(2);
    expect((await hit(counts, '2001:db8:0::/64')).totalHits).toBe(1);
  });

  it('forgets what has expired as it goes', () => {
    const memory = new Expiring<string>(100, clock);
    memory.set('a', '1', now + 10);
    memory.set('b', '2', now + 20);
    now += 10;
    expect([memory.get('a'), memory.get('b'), memory.size]).toEqual([undefined, '2', 2]);
    memory.set('c', '3', now + 10);
    expect(memory.size).toBe(2);
    memory.delete('c');
    expect([memory.get('c'), memory.size]).toEqual([undefined, 1]);
  });
});

describe('whom an address stands for', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['::1', '::1'],
    ['<script>', 'unknown'],
    ['', 'unknown'],
    [null, 'unknown'],
  ])('%s is %s', (ip, network) => expect(kernel.networkOf(ip)).toBe(network));
});
