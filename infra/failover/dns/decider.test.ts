import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { played, until } from '#test';
import type { Failover } from './config.js';
import { Decider } from './decider.js';
import type { Round } from './decider.js';
import { writeMark } from './epoch.js';
import { keysOf } from './keys.js';
import type { Verdict } from './rules.js';
import { Zone } from './zone.js';

const RECORD = 'app.example.test';
const ZONE = { zone: 'example.test', record: RECORD, families: ['A'] } as const;
const ADDRESSES: Readonly<Record<string, string>> = { a: '192.0.2.1', b: '192.0.2.2' };
const OBSERVERS = ['north', 'south', 'east'];

/** What one decider does over an etcd, a provider and name servers that are played; with real ones in test/ops. */
describe('a decider', () => {
  const keys = keysOf('/ofitec');
  let folder: string;
  let etcd: played.PlayedEtcd;
  let names: played.PlayedNameServer[];
  let world: played.PlayedProvider;
  let failover: Failover;
  /** How far this process's clock is ahead. */
  let aheadMs: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-decider-'));
    etcd = await played.PlayedEtcd.open();
    names = [await played.PlayedNameServer.open(), await played.PlayedNameServer.open()];
    world = new played.PlayedProvider(RECORD, ADDRESSES, names);
    aheadMs = 0;
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs);
    failover = {
      ...{ name: 'one', ...ZONE, ttlSeconds: 30, observers: OBSERVERS, quorum: 2, addresses: [] },
      sites: ['a', 'b'].map((name) => {
        return { name, addresses: [ADDRESSES[name] ?? ''], readyUrl: etcd.url, patroniUrls: [] };
      }),
      ...{ etcd: { endpoints: [etcd.url], timeoutMs: 5_000 }, prefix: '/ofitec' },
      ...{ authoritative: names.map(({ at }) => at), prometheusUrl: null },
      provider: { kind: 'route53', zoneId: 'none' },
      policy: {
        ...{ lookEveryMs: 200, lookTimeoutMs: 100, windows: 3, leaseSeconds: 60, riseWindows: null },
        ...{ holdDownSeconds: 600, flipsPerHour: 2, verifySeconds: 1, retryMaxSeconds: 15 },
      },
      auditFile: join(folder, 'audit'),
    }; // prettier-ignore
    say('a', 'UNHEALTHY');
    say('b', 'HEALTHY');
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const each of [etcd, ...names]) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function say(site: string, verdict: Verdict, change: { streak?: number; who?: readonly string[]; writable?: boolean } = {}): void {
    const { streak = 3, who = OBSERVERS.slice(0, 2), writable = verdict === 'HEALTHY' } = change;
    for (const observer of who) etcd.put(keys.observation(observer, site), JSON.stringify({ verdict, streak, writable, reason: '' }));
  } // prettier-ignore

  function decider(change: Partial<Failover> = {}, isDry = false): Decider {
    const all = { ...failover, ...change };
    const zone = new Zone({ ...ZONE, authoritative: failover.authoritative, timeoutMs: 5_000 });
    return new Decider(all, world, zone, isDry);
  }

  const round = async (): Promise<Round> => decider().round();
  const audit = (): Record<string, unknown>[] =>
    readFileSync(join(folder, 'audit'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
  const kept = (key: string): Record<string, unknown> =>
    JSON.parse(etcd.get(key) ?? 'null') as Record<string, unknown>;

  it('fences first, moves then, and leaves behind what the next one must know', async () => {
    expect(await round()).toMatchObject({ leading: true, active: 'a', decision: { action: 'flip' } }); // prettier-ignore
    expect(world.written).toMatchObject([
      { addresses: [ADDRESSES['a']], mark: { site: 'a' }, ttlSeconds: 30 },
      { addresses: [ADDRESSES['b']], mark: { site: 'b' }, ttlSeconds: 30 },
    ]);
    const epochs = [7, ...world.written.map(({ mark }) => mark.epoch)];
    expect(epochs).toEqual([...new Set(epochs)].sort((x, y) => x - y));
    const servers = names.map(({ at }) => `127.0.0.1:${at.port}`);
    expect(audit()).toEqual([
      expect.objectContaining({ action: 'fence', from: 'a', to: 'a', epoch: epochs[1], overEpoch: 7, outcome: 'written' }),
      {
        ...{ by: 'one', action: 'flip', record: RECORD, from: 'a', to: 'b', epoch: epochs[2] },
        ...{ overEpoch: epochs[1], outcome: 'written', shownBy: servers, missingAt: [] },
        reason: '2 observers say a is dead, b is healthy and writable',
        ...{ at: expect.stringMatching(/^20\d\d-.*Z$/), tookMs: expect.any(Number) },
      },
    ]); // prettier-ignore
    expect(kept(keys.lastChange)).toEqual(audit()[1]);
    expect(kept(keys.decision)).toMatchObject({ by: 'one', from: 'a', to: 'b', over: epochs[1], state: 'written' }); // prettier-ignore
    expect([keys.leader, keys.holdDown, keys.flip(epochs[1] ?? 0), keys.decision].map((key) => etcd.secondsOf(key))).toEqual([60, 600, 3_600, null]); // prettier-ignore
  });

  it('holds down after its own flip, also when it is asked again at once', async () => {
    const one = decider();
    await one.round();
    say('a', 'HEALTHY');
    say('b', 'UNHEALTHY');
    expect((await one.round()).decision.reason).toContain('the last flip is too recent');
    expect(world.mark.site).toBe('b');
    etcd.expire(keys.holdDown);
    expect((await one.round()).decision).toMatchObject({ action: 'flip', to: 'a' });
    etcd.expire(keys.holdDown);
    say('a', 'UNHEALTHY');
    say('b', 'HEALTHY');
    expect((await one.round()).decision.reason).toContain('it moved 2 times within the hour');
    expect(world.mark.site).toBe('a');
    etcd.expire([...Array(1_000).keys()].map((n) => keys.flip(n)).find((key) => etcd.get(key)) ?? ''); // prettier-ignore
    expect((await one.round()).decision).toMatchObject({ action: 'flip', to: 'b' });
  });

  it('does not even fence while the kill switch is on', async () => {
    etcd.put(keys.frozen, 'moving house');
    expect((await round()).decision.reason).toContain('the kill switch is on');
    expect(world.written).toEqual([]);
  });

  it.each([
    ['throws the kill switch', () => etcd.put(keys.frozen, 'now')],
    ['holds down', () => etcd.put(keys.holdDown, '{}')],
    ['leads', () => (etcd.delete(keys.leader), etcd.put(keys.leader, '{"name":"two"}'))],
  ] as const)('writes nothing when somebody %s between its look and its decision', async (_, comes) => {
    const one = decider();
    say('a', 'HEALTHY');
    await one.round();
    say('a', 'UNHEALTHY');
    etcd.beforeTransaction = comes;
    await one.round();
    expect(world.written.map(({ mark }) => mark.site)).toEqual(['a']);
    expect(etcd.get(keys.decision)).toBeNull();
    // What it had taken in advance is given back.
    expect([...etcd.leases.values()]).toEqual([60]);
  }); // prettier-ignore

  it('lets the other one lead, and takes over with a greater epoch when that one is gone', async () => {
    await decider({ name: 'two' }).round();
    const { epoch } = world.mark;
    const one = decider();
    expect(await one.round()).toMatchObject({ leading: false });
    expect(world.mark.epoch).toBe(epoch);
    etcd.expire(keys.leader);
    expect(await one.round()).toMatchObject({ leading: true });
    expect([world.mark.epoch > epoch, audit().at(-1)?.['by']]).toEqual([true, 'one']);
  });

  it('asks nothing of the provider while another one leads, whatever it would do', async () => {
    say('a', 'HEALTHY');
    await decider({ name: 'two' }).round();
    say('a', 'UNHEALTHY');
    const asked = jest.spyOn(world, 'read');
    expect(await decider().round()).toMatchObject({ leading: false, decision: { action: 'flip' } });
    expect([asked.mock.calls.length, world.written.length]).toEqual([0, 1]);
  });

  it('fences anew when it leads again: who led between may have begun something', async () => {
    say('a', 'HEALTHY');
    const one = decider();
    await one.round();
    await one.round();
    expect(audit()).toHaveLength(1);
    etcd.expire(keys.leader);
    await one.round();
    expect(audit().map(({ action }) => action)).toEqual(['fence', 'fence']);
    // The last change is of the name: a fence is none that anybody sees.
    expect(etcd.get(keys.lastChange)).toBeNull();
  });

  it('counts on from what is published where etcd was built anew', async () => {
    world.show({ epoch: 90_000, site: 'a' });
    await round();
    expect(world.written.map(({ mark }) => mark.epoch)).toEqual([90_001, 90_002]);
  });

  it('writes nothing over what a person wrote meanwhile, and fences anew before it decides again', async () => {
    const one = decider();
    say('a', 'HEALTHY');
    await one.round();
    const own = world.mark.epoch;
    say('a', 'UNHEALTHY');
    // Known to the provider, not yet shown by the name servers.
    world.mark = { epoch: own + 5, site: 'a' };
    await one.round();
    expect([world.mark.epoch, etcd.get(keys.decision)]).toEqual([own + 5, null]);
    world.show(world.mark);
    await one.round();
    expect(audit().map(({ action }) => action)).toEqual(['fence', 'fence', 'flip']);
    world.show({ epoch: world.mark.epoch + 9, site: 'b' });
    say('b', 'HEALTHY');
    await one.round();
    expect(audit().at(-1)).toMatchObject({ action: 'fence', to: 'b', overEpoch: world.mark.epoch - 1 }); // prettier-ignore
  });

  it('does not move what the provider has at another site than the name servers show', async () => {
    const one = decider();
    say('a', 'HEALTHY');
    await one.round();
    say('a', 'UNHEALTHY');
    world.mark = { ...world.mark, site: 'b' };
    await one.round();
    expect([world.written.length, etcd.get(keys.decision)]).toEqual([1, null]);
  });

  it('does not move what it could not fence', async () => {
    world.between = () => world.show({ epoch: 50, site: 'a' });
    const { decision } = await round();
    expect(decision.reason).toContain('earlier deciders are not fenced off yet');
    expect([world.mark.epoch, audit().map(({ outcome }) => outcome)]).toEqual([50, ['refused']]);
  });

  it('forgets its fence with a flip that was refused', async () => {
    const one = decider();
    say('a', 'HEALTHY');
    await one.round();
    say('a', 'UNHEALTHY');
    const { epoch } = world.mark;
    world.between = () => world.show({ epoch: epoch + 1_000, site: 'a' });
    await one.round();
    expect(audit().map(({ action, outcome }) => [action, outcome].join(" "))).toEqual(['fence written', 'flip refused']); // prettier-ignore
    expect(kept(keys.decision)).toMatchObject({ state: 'decided' });
    await one.round();
    // It never happened: its hold-down does not stand in the way of the next.
    expect(kept(keys.decision)).toMatchObject({ state: 'abandoned' });
    expect([etcd.get(keys.holdDown), etcd.get(keys.flip(epoch))]).toEqual([null, null]);
  });

  it('fences anew where nobody knows what became of its flip', async () => {
    const one = decider();
    say('a', 'HEALTHY');
    await one.round();
    say('a', 'UNHEALTHY');
    const replace = world.replace.bind(world);
    world.replace = async () => {
      // The answer comes after the decision is no longer good: it is not tried again.
      aheadMs += 61_000;
      throw new Error('no answer');
    };
    await one.round();
    world.replace = replace;
    // As soon as the provider that did not answer is asked again.
    aheadMs += 2_000;
    say('a', 'HEALTHY');
    await one.round();
    expect(audit().map(({ action, outcome }) => [action, outcome].join(" "))).toEqual(['fence written', 'flip expired', 'fence written']); // prettier-ignore
    expect(kept(keys.decision)).toMatchObject({ state: 'abandoned' });
  });

  it.each([
    ['landed', { epoch: 9, site: 'b' }, 'written', true],
    ['never landed', { epoch: 7, site: 'a' }, 'abandoned', false],
    ['was overwritten', { epoch: 9, site: 'a' }, 'abandoned', false],
    ['cannot have landed in a zone of before', { epoch: 5, site: 'b' }, 'abandoned', false],
  ] as const)('finds out that what another one began %s', async (_, mark, state, stays) => {
    const intent = { by: 'two', from: 'a', to: 'b', reason: 'dead', over: 7, state: 'decided' };
    for (const key of [keys.decision, keys.holdDown, keys.flip(7)]) etcd.put(key, JSON.stringify(intent)); // prettier-ignore
    say('a', 'HEALTHY');
    world.show(mark);
    await round();
    expect(kept(keys.decision)).toMatchObject({ by: 'two', state });
    expect([keys.holdDown, keys.flip(7)].map((key) => etcd.get(key) !== null)).toEqual([stays, stays]); // prettier-ignore
  });

  it.each([
    ['one observer of three', () => say('a', 'UNKNOWN', { who: ['south'] })],
    ['too few looks', () => say('a', 'UNHEALTHY', { streak: 2 })],
    ['a standby that is not writable', () => say('b', 'HEALTHY', { writable: false })],
    ['a standby that one calls read-only', () => say('b', 'HEALTHY', { writable: false, who: ['east'] })],
    ['a standby of which nobody knows', () => say('b', 'UNKNOWN')],
    ['words that are none', () => etcd.put(keys.observation('south', 'a'), 'nonsense')],
    ['an observer that is not one', () => (etcd.delete(keys.observation('south', 'a')), say('a', 'UNHEALTHY', { who: ['stranger'] }))],
    ['name servers that differ', () => names[1]?.say(RECORD, '192.0.2.2', writeMark({ epoch: 7, site: 'b' }))],
  ] as const)('stays with %s', async (_, change) => {
    change();
    expect((await round()).decision.action).toBe('stay');
    expect(world.mark.site).toBe('a');
  }); // prettier-ignore

  it('does not count what stands unchanged for too long, by its own clock', async () => {
    say('a', 'HEALTHY');
    const one = decider();
    await one.round();
    say('a', 'UNHEALTHY');
    // Both are new; one of them is not said again.
    etcd.put(keys.frozen, 'wait');
    await one.round();
    etcd.delete(keys.frozen);
    aheadMs = 4_500;
    say('a', 'UNHEALTHY', { who: ['north'] });
    say('b', 'HEALTHY');
    expect((await one.round()).decision.action).toBe('stay');
    aheadMs = 3_000;
    expect((await one.round()).decision.action).toBe('flip');
  });

  it('takes no lease and writes nothing anywhere in a dry run, and says what it would do', async () => {
    expect(await decider({}, true).round()).toMatchObject({ leading: false, decision: { action: 'flip', to: 'b' } }); // prettier-ignore
    expect([world.written, [...new Set(etcd.asked)]]).toEqual([[], ['kv/range']]);
  });

  it('decides nothing without etcd, and gives its lease back when it leaves', async () => {
    const one = decider();
    say('a', 'HEALTHY');
    await one.round();
    etcd.mode = 'lost';
    await expect(one.round()).rejects.toThrow('503');
    etcd.mode = 'well';
    await one.leave();
    expect([etcd.get(keys.leader), etcd.leases.size]).toEqual([null, 0]);
  });

  it('counts its lease from before it asked for it', async () => {
    const one = decider();
    say('a', 'HEALTHY');
    await one.round();
    // etcd prolonged it, and the answer was on its way for longer than the lease is good.
    etcd.onAsked = (path) => void (path === 'lease/keepalive' && (aheadMs += 60_001));
    expect(await one.round()).toMatchObject({ leading: false });
    etcd.onAsked = () => undefined;
    say('a', 'HEALTHY');
    say('b', 'HEALTHY');
    expect(await one.round()).toMatchObject({ leading: true });
  });

  it('goes on round after round, also after one that came to nothing, and gives its lead back at the end', async () => {
    const stopping = new AbortController();
    const one = decider();
    etcd.mode = 'lost';
    const run = one.run(stopping.signal);
    await until('it has tried twice', () => etcd.asked.length > 1);
    etcd.mode = 'well';
    await until('it has moved the name', () => world.mark.site === 'b');
    stopping.abort();
    await run;
    expect(etcd.get(keys.leader)).toBeNull();
  });

  it('leads no longer than its lease, by its own clock', async () => {
    const one = decider();
    say('a', 'HEALTHY');
    await one.round();
    say('a', 'UNHEALTHY');
    // Frozen between the two for longer than its lease: etcd has given it to nobody else yet.
    etcd.beforeTransaction = null;
    const read = world.read.bind(world);
    world.read = async () => ((aheadMs += 61_000), read());
    await expect(one.round()).rejects.toThrow('The lease ended before the change.');
    expect(world.mark.site).toBe('a');
    // Nor does it fence then.
    const { length } = world.written;
    await expect(decider({ name: 'two' }).round()).resolves.toMatchObject({ leading: false });
    etcd.expire(keys.leader);
    await expect(decider({ name: 'two' }).round()).rejects.toThrow(
      'The lease ended before the change.',
    );
    expect(world.written).toHaveLength(length);
  });

  it.each([
    ['nothing', [], null],
    ['an address and no mark', ['192.0.2.1'], null],
    ['a mark and no address', [], { epoch: 7, site: 'a' }],
    ['an address of the other family', ['2001:db8::1'], { epoch: 7, site: 'a' }],
  ] as const)('says that the name is not set up where there is %s, and begins nothing', async (_, addresses, mark) => {
    const text = mark && writeMark(mark);
    world.read = async () => ({ addresses, mark, text, hidden: false });
    await expect(round()).rejects.toThrow('The name is not set up');
    expect(world.written).toEqual([]);
  }); // prettier-ignore
});
