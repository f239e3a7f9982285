import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { played } from '#test';
import { Decider } from './decider.js';
import { keysOf } from './keys.js';
import { Zone } from './zone.js';

const ZONE = { zone: 'example.test', record: 'app.example.test', families: ['A'] } as const;
const ADDRESSES: Readonly<Record<string, string>> = { a: '192.0.2.1', b: '192.0.2.2' };

/** The decider that leads over a provider that does not do what it is asked; no test of it waits. */
describe('a decider whose provider fails', () => {
  const keys = keysOf('/ofitec');
  let folder: string;
  let etcd: played.PlayedEtcd;
  let name: played.PlayedNameServer;
  let world: played.PlayedProvider;
  let one: Decider;
  /** How far this process's clock is ahead. */
  let aheadMs: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-decider-'));
    etcd = await played.PlayedEtcd.open();
    name = await played.PlayedNameServer.open();
    world = new played.PlayedProvider(ZONE.record, ADDRESSES, [name]);
    aheadMs = 0;
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs);
    // The longest wait of each: chance only makes it shorter.
    jest.spyOn(Math, 'random').mockReturnValue(0);
    const failover = {
      ...{ name: 'one', ...ZONE, ttlSeconds: 30, observers: ['north'], quorum: 1, addresses: [] },
      sites: ['a', 'b'].map((site) => {
        return { name: site, addresses: [ADDRESSES[site] ?? ''], readyUrl: etcd.url, patroniUrls: [] };
      }),
      ...{ etcd: { endpoints: [etcd.url], timeoutMs: 5_000 }, prefix: '/ofitec' },
      ...{ authoritative: [name.at], prometheusUrl: null, auditFile: join(folder, 'audit') },
      provider: { kind: 'route53', zoneId: 'none' } as const,
      policy: {
        ...{ lookEveryMs: 60_000, lookTimeoutMs: 100, windows: 3, leaseSeconds: 60, riseWindows: null },
        ...{ holdDownSeconds: 600, flipsPerHour: 2, verifySeconds: 1, retryMaxSeconds: 15 },
      },
    }; // prettier-ignore
    const zone = new Zone({ ...ZONE, authoritative: [name.at], timeoutMs: 5_000 });
    one = new Decider(failover, world, zone, false);
    say('a', 'HEALTHY');
    say('b', 'HEALTHY');
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const each of [etcd, name]) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function say(site: string, verdict: string): void {
    const said = { verdict, streak: 3, writable: verdict === 'HEALTHY', reason: '' };
    etcd.put(keys.observation('north', site), JSON.stringify(said));
  }

  const audit = (): Record<string, unknown>[] =>
    readFileSync(join(folder, 'audit'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
  const trouble = (): Record<string, unknown> | null =>
    JSON.parse(etcd.get(keys.trouble) ?? 'null') as Record<string, unknown> | null;

  /** A round. @returns how often the provider was asked in it, and what was decided */
  async function asks(): Promise<[number, string]> {
    const before = world.count.read;
    const reason = await one.round().then(({ decision }) => decision.reason, (error: Error) => error.message); // prettier-ignore
    return [world.count.read - before, reason];
  }

  it('leaves it alone for longer each time, up to the bound, and tells so while it leads', async () => {
    world.fails = 'to read';
    for (const [n, seconds] of [2, 4, 8, 15, 15].entries()) {
      expect(await asks()).toEqual([1, 'out of reach']);
      expect(trouble()).toMatchObject({ by: 'one', failures: n + 1, error: 'out of reach' });
      const { since, nextAt } = trouble() as { since: string; nextAt: string };
      expect(Date.parse(nextAt) - Date.parse(since)).toBeGreaterThanOrEqual(seconds * 1_000);
      aheadMs += seconds * 1_000 - 1_500;
      expect((await asks())[0]).toBe(0);
      aheadMs += 1_500;
    }
    expect(etcd.secondsOf(keys.trouble)).toBe(60);
    world.fails = 'nothing';
    expect(await asks()).toEqual([1, 'all is well']);
    expect(etcd.get(keys.trouble)).toBeNull();
    // From the beginning again, and since then.
    world.fails = 'to read';
    say('a', 'UNHEALTHY');
    await asks();
    expect(trouble()).toMatchObject({ failures: 1 });
  }, 30_000);

  it('asks at once where the name is to move now, and once only', async () => {
    world.fails = 'to read';
    await asks();
    expect(await asks()).toEqual([0, 'all is well']);
    say('a', 'UNHEALTHY');
    expect((await asks())[0]).toBe(1);
    const dead = '1 observers say a is dead, b is healthy and writable';
    expect(await asks()).toEqual([
      0,
      `${dead}; but the provider fails, and is not asked again yet`,
    ]);
    say('a', 'HEALTHY');
    await asks();
    say('a', 'UNHEALTHY');
    expect((await asks())[0]).toBe(0);
    world.fails = 'nothing';
    aheadMs += 4_000;
    await asks();
    expect(world.mark.site).toBe('b');
  });

  it.each([
    ['somebody wrote a greater epoch', (): void => world.show({ epoch: 50, site: 'a' }), 1],
    ['it leads anew', (): void => etcd.expire(keys.leader), 1],
    ['nothing changes', (): void => undefined, 0],
  ] as const)('when %s: asks at once, or not', async (_, change, times) => {
    world.fails = 'to read';
    await asks();
    change();
    expect((await asks())[0]).toBe(times);
  });

  it('asks at once when the provider takes connections again, and looks only while it fails', async () => {
    await asks();
    expect([world.written.length, world.count.at]).toEqual([1, 0]);
    world.fails = 'to read';
    say('a', 'UNHEALTHY');
    expect((await asks())[0]).toBe(1);
    expect([(await asks())[0], world.count.at]).toEqual([0, 1]);
    world.listensAt = name.at;
    world.fails = 'nothing';
    expect((await asks())[0]).toBe(1);
    await asks();
    expect(world.mark.site).toBe('b');
  });

  it('counts changes that it does not take, and none that came too late for somebody else’s', async () => {
    await asks();
    say('a', 'UNHEALTHY');
    world.fails = 'to write';
    world.between = (): void => void (aheadMs += 59_500);
    expect((await asks())[0]).toBe(2);
    expect(audit().at(-1)).toMatchObject({ action: 'flip', outcome: 'expired' });
    expect(trouble()).toMatchObject({ failures: 1, error: 'REFUSED' });
    world.fails = 'nothing';
    aheadMs += 2_000;
    const { epoch } = world.mark;
    world.between = (): void => world.show({ epoch: epoch + 500, site: 'a' });
    await asks();
    expect(audit().at(-1)).toMatchObject({ action: 'fence', outcome: 'refused' });
    expect(trouble()).toMatchObject({ failures: 1 });
    expect((await asks())[0]).toBe(1);
    expect(etcd.get(keys.trouble)).toBeNull();
  });

  it('does not take its own fence for a change of the situation', async () => {
    say('a', 'UNHEALTHY');
    const read = world.read.bind(world);
    world.read = async () => {
      const found = await read();
      world.fails = 'to read';
      return found;
    };
    // The fence is written; the flip of the same round does not get through.
    expect(await asks()).toEqual([2, 'out of reach']);
    expect([world.written.length, (await asks())[0]]).toEqual([1, 0]);
  });

  it('does not call it the provider’s failure where etcd does not answer', async () => {
    world.between = (): void => void (etcd.mode = 'lost');
    say('a', 'UNHEALTHY');
    await expect(one.round()).rejects.toThrow('503');
    etcd.mode = 'well';
    expect([etcd.get(keys.trouble), (await asks())[0] > 0]).toEqual([null, true]);
  });
});
