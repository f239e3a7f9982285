import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { played, until } from '#test';
import { Commits } from './commits.js';
import type { GuardConfig } from './config.js';
import { exposition } from './figures.js';
import { Guard } from './guard.js';
import type { Round } from './guard.js';

const MEMBERS = ['pg1', 'pg2', 'pg3'];
const CLUSTER = '/service/ofitec';
const PREFIX = '/guard';
const POLICY = { lookEveryMs: 100, stallSeconds: 15, holdDownSeconds: 600, stopSeconds: 5, promoteSeconds: 5, reseedSeconds: 180 }; // prettier-ignore
/** Waits for its commit as long as it takes. */
const PATIENT = { policy: { ...POLICY, lookEveryMs: 20_000 } };
const STARTED = '2026-11-22 10:00:00';

let aheadMs: number;
let postgres: played.PlayedPostgres;

beforeEach(async () => {
  aheadMs = 0;
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs);
  postgres = await played.PlayedPostgres.open();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await postgres.close();
});

describe('the commits of a guard', () => {
  let commits: Commits;

  beforeEach(() => {
    commits = new Commits(postgres.url, 50);
  });

  afterEach(() => commits.forget());

  /** Looks until a commit has come back, however slow this machine is. */
  async function back(): Promise<void> {
    await commits.look();
    await until('it is back', () => commits.stalledSeconds === 0);
  }

  it('come back, and one is under way at most', async () => {
    for (const count of [1, 2]) {
      await back();
      expect(postgres.commits).toBe(count);
    }
    postgres.mode = 'waits';
    await commits.look();
    aheadMs += 10_000;
    await commits.look();
    await until('it waits', () => postgres.waiting > 0);
    await commits.look();
    expect([commits.stalledSeconds > 10, postgres.waiting]).toEqual([true, 1]);
    postgres.mode = 'commits';
    postgres.release();
    await until('it is back', () => commits.stalledSeconds === 0);
    expect(commits.lastSeconds).toBeGreaterThan(10);
  });

  it.each(['refuses', 'cancelled', 'frozen'] as const)('have not come back where PostgreSQL %s, however often they are tried', async (mode) => {
    await back();
    postgres.mode = mode;
    if (mode === 'frozen') commits.forget();
    for (const step of [1, 2, 3]) {
      await commits.look();
      aheadMs += 5_000;
      expect([step, commits.stalledSeconds >= 5 * step]).toEqual([step, true]);
    }
    postgres.mode = 'commits';
    commits.forget();
    expect(commits.stalledSeconds).toBe(0);
    await back();
  }); // prettier-ignore

  it('that were forgotten change nothing when they come back', async () => {
    postgres.mode = 'waits';
    await commits.look();
    await until('it waits', () => postgres.waiting === 1);
    commits.forget();
    await commits.look();
    aheadMs += 20_000;
    // The first one ends with its connection; the second one waits on.
    await until('the second waits', () => postgres.waiting >= 1);
    await commits.look();
    expect(commits.stalledSeconds).toBeGreaterThanOrEqual(20);
  });

  it('are told of as PostgreSQL itself counts those that wait', async () => {
    [postgres.waiters, postgres.streaming] = [4, 2];
    expect(await commits.waiting()).toEqual({ waiters: 4, streaming: 2 });
    postgres.mode = 'refuses';
    await expect(commits.waiting()).rejects.toThrow('starting up');
  });
});

/** What one guard does over a cluster that is played; `handover.test.ts` has the step down itself. */
describe('a guard', () => {
  let folder: string;
  let etcd: played.PlayedEtcd;
  let patroni: played.PlayedPatroni;
  let config: GuardConfig;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-guard-'));
    etcd = await played.PlayedEtcd.open();
    patroni = await played.PlayedPatroni.open();
    etcd.put(`${CLUSTER}/leader`, 'pg1');
    lookLike('pg1');
    config = {
      ...{ member: 'pg1', members: MEMBERS, cluster: CLUSTER, prefix: PREFIX },
      etcd: { endpoints: [etcd.url], timeoutMs: 5_000 },
      ...{ patroniUrl: patroni.url, patroniPassword: 'secret', databaseUrl: postgres.url },
      ...{ stepDown: ['false'], resume: ['bash', '-c', `echo resumed >> ${join(folder, 'resumed')}`] },
      ...{ stateFile: join(folder, 'state'), auditFile: join(folder, 'audit'), metricsPort: null, policy: POLICY },
    }; // prettier-ignore
  });

  afterEach(async () => {
    for (const each of [etcd, patroni]) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function lookLike(member: string, state = 'streaming', other = 'streaming'): void {
    patroni.self = member === 'pg1'
      ? { role: 'primary', state: 'running', timeline: 3, postmaster_start_time: STARTED, xlog: { location: 500 } }
      : { role: 'replica', state: 'running', replication_state: state, postmaster_start_time: STARTED, xlog: { received_location: 401, replayed_location: 300 } };
    patroni.members = [
      { name: 'pg1', role: 'leader', state: 'running', timeline: 3 },
      { name: 'pg2', role: 'replica', state, timeline: 3, lag: 0 },
      { name: 'pg3', role: 'sync_standby', state: other, timeline: 3, lag: 0 },
    ];
  } // prettier-ignore

  /** The others tell that they are well. */
  function tell(...members: readonly string[]): void {
    for (const member of members) {
      const said = { member, state: 'running', isStandby: true, timeline: 3, position: 400, plan: null }; // prettier-ignore
      etcd.put(`${PREFIX}/report/${member}`, JSON.stringify(said));
    }
  }

  const guard = (change: Partial<GuardConfig> = {}, isDry = false): Guard =>
    new Guard({ ...config, ...change }, isDry);
  const audit = (): Record<string, unknown>[] =>
    readFileSync(join(folder, 'audit'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
  const paths = (): string[] => patroni.told.map(({ path }) => path);

  /** A primary whose commit has waited for so many seconds, and all of whose others are well. */
  async function stalled(seconds: number, one = guard()): Promise<Round> {
    postgres.mode = 'waits';
    tell('pg2', 'pg3');
    await one.round();
    aheadMs += seconds * 1_000;
    return one.round();
  }

  it('tells what it has, for as long as it lives, and what it sees', async () => {
    const one = guard(PATIENT);
    expect(await one.round()).toMatchObject({ hasMajority: true, leader: 'pg1', decision: { action: 'stay', reason: 'writes come back' } }); // prettier-ignore
    expect(JSON.parse(etcd.get(`${PREFIX}/report/pg1`) ?? '')).toMatchObject({ member: 'pg1', state: 'running', isStandby: false, timeline: 3, position: 500, plan: null }); // prettier-ignore
    expect(etcd.secondsOf(`${PREFIX}/report/pg1`)).toBe(8);
    const text = exposition(one.figures);
    for (const line of ['leader{member="pg1"} 1', 'write_stalled_seconds{member="pg1"} 0', 'streaming_standbys{member="pg1"} 2', 'guard_frozen{member="pg1"} 0']) {
      expect(text).toContain(`failover_${line}\n`);
    }
  }); // prettier-ignore

  it('hands over in order while a synchronous standby is known, and holds down', async () => {
    etcd.put(`${CLUSTER}/sync`, '{"sync_standby":"pg3,pg2"}');
    expect((await stalled(15)).decision.action).toBe('step down');
    const authorization = `Basic ${Buffer.from('patroni:secret').toString('base64')}`;
    expect(patroni.told).toEqual([{ path: '/switchover', body: { leader: 'pg1', candidate: 'pg3' }, authorization }]); // prettier-ignore
    expect(audit()).toMatchObject([{ by: 'pg1', outcome: 'handed over', to: 'pg3', reason: expect.stringContaining('no standby streams') }]); // prettier-ignore
    expect([etcd.get(`${PREFIX}/hold-down`), etcd.secondsOf(`${PREFIX}/hold-down`)]).toEqual(['switchover of pg1', 600]); // prettier-ignore
    expect(etcd.get(`${PREFIX}/plan`)).toBeNull();
  });

  it('takes its place away itself where Patroni does not hand over', async () => {
    etcd.put(`${CLUSTER}/sync`, '{"sync_standby":"pg3"}');
    patroni.onTold = () => 412;
    const one = guard();
    await stalled(15, one);
    expect(audit()).toMatchObject([{ outcome: 'given up' }]);
    expect(etcd.get(`${PREFIX}/hold-down`)).toBe('step down of pg1');
    expect(exposition(one.figures)).toContain('failover_step_downs_total{member="pg1",outcome="given up"} 1\n'); // prettier-ignore
    // What waited is forgotten: it counts from the beginning, and is held down beside.
    expect((await one.round()).decision.reason).toBe('writes come back');
    aheadMs += 16_000;
    expect((await one.round()).decision.reason).toContain('the last step down is too recent');
    expect(paths()).toEqual(['/switchover']);
  });

  it.each([
    ['for less than it may', 12, (): void => undefined, 'writes come back'],
    ['and some standby streams', 15, (): void => void (postgres.streaming = 1), 'not for want of a standby'],
    ['and nobody waits for a standby', 15, (): void => void (postgres.waiters = 0), 'not for want of a standby'],
    ['and PostgreSQL does not say why', 15, (): void => void (postgres.mode = 'mute'), 'does not say why'],
    ['and the kill switch is on', 15, (): void => etcd.put(`${PREFIX}/frozen`, 'moving'), 'kill switch is on: moving'],
    ['and it was done a moment ago', 15, (): void => etcd.put(`${PREFIX}/hold-down`, 'x'), 'too recent'],
    ['and one of the others is silent', 15, (): void => etcd.delete(`${PREFIX}/report/pg3`), 'pg3 cannot take over'],
  ] as const)('stays when writes have waited %s', async (_, seconds, change, reason) => {
    etcd.put(`${CLUSTER}/sync`, '{"sync_standby":"pg3"}');
    postgres.mode = 'waits';
    tell('pg2', 'pg3');
    const one = guard();
    await one.round();
    aheadMs += seconds * 1_000;
    change();
    expect((await one.round()).decision).toEqual({ action: 'stay', reason: expect.stringContaining(reason) });
    expect(patroni.told).toEqual([]);
  }); // prettier-ignore

  it('says in a dry run what it would do, and tells nobody', async () => {
    const one = guard({}, true);
    expect((await stalled(15, one)).decision.action).toBe('step down');
    expect([patroni.told, etcd.get(`${PREFIX}/report/pg1`), etcd.get(`${PREFIX}/plan`)]).toEqual([[], null, null]); // prettier-ignore
    expect(etcd.asked.some((path) => path === 'kv/put' || path === 'kv/txn')).toBe(false);
  });

  it.each([
    ['leads', true, (): void => undefined],
    ['may do nothing: frozen', false, (): void => etcd.put(`${PREFIX}/frozen`, 'moving')],
    ['does not lead', false, (): void => etcd.put(`${CLUSTER}/leader`, 'pg2')],
  ])(
    'looks where etcd’s leader sits where it %s, and not in every round',
    async (_, looks, change) => {
      change();
      const one = guard();
      const seen = (): number => etcd.asked.filter((path) => path === 'maintenance/status').length;
      await one.round();
      await one.round();
      expect(seen()).toBe(looks ? 1 : 0);
      aheadMs += 5_000;
      await one.round();
      expect(seen()).toBe(looks ? 2 : 0);
      const dry = guard({}, true);
      const before = seen();
      await dry.round();
      expect(seen()).toBe(before);
    },
  );

  it('commits only while it leads, and begins to count anew when it leads again', async () => {
    const one = guard();
    await stalled(14, one);
    etcd.put(`${CLUSTER}/leader`, 'pg2');
    aheadMs += 100_000;
    expect(await one.round()).toMatchObject({
      stalledSeconds: 0,
      decision: { reason: 'pg2 leads' },
    });
    etcd.put(`${CLUSTER}/leader`, 'pg1');
    expect((await one.round()).decision.reason).toBe('writes come back');
  });

  it('knows nothing without etcd’s majority, and says so', async () => {
    const one = guard();
    await one.round();
    etcd.mode = 'lost';
    await expect(one.round()).rejects.toThrow('503');
    const stopping = new AbortController();
    const running = one.run(stopping.signal);
    await until('it has seen', () => one.status?.hasMajority === false);
    expect(exposition(one.figures)).toContain('failover_guard_etcd_majority{member="pg1"} 0\n');
    etcd.mode = 'well';
    // Patroni was stopped and not started: whoever finds that, whenever, starts it.
    writeFileSync(config.stateFile, 'a plan');
    await until('it is started', () => one.status?.hasMajority === true && etcd.get(`${PREFIX}/report/pg1`) !== null); // prettier-ignore
    await until('Patroni is started', () => readFileSync(join(folder, 'resumed'), 'utf8') === 'resumed\n'); // prettier-ignore
    stopping.abort();
    await running;
    // A guard that ends tells nothing any more.
    expect(etcd.get(`${PREFIX}/report/pg1`)).toBeNull();
  });

  describe('of a standby', () => {
    const promote = (change: object = {}): void =>
      etcd.put(`${PREFIX}/plan`, JSON.stringify({ id: 'now', leader: 'pg1', state: 'promote', candidate: 'pg2', ...change })); // prettier-ignore

    beforeEach(() => {
      lookLike('pg2');
      config = { ...config, member: 'pg2' };
    });

    it('tells the plan that it has read, and the timeline on which it streams', async () => {
      const one = guard();
      promote({ state: 'fenced' });
      await one.round();
      const report = (): unknown => JSON.parse(etcd.get(`${PREFIX}/report/pg2`) ?? '') as unknown;
      expect(report()).toMatchObject({ isStandby: true, timeline: 3, position: 401, plan: 'now' });
      // It streams no more and the cluster knows another timeline: what it has is of the one before.
      lookLike('pg2', 'running');
      patroni.members = patroni.members.map((each) => ({ ...each, timeline: 4 }));
      await one.round();
      expect(report()).toMatchObject({ timeline: 3 });
      patroni.self = { ...patroni.self, postmaster_start_time: 'another start' };
      await one.round();
      expect(report()).toMatchObject({ timeline: 0 });
    });

    it('leads when it is told to, once, while nobody does', async () => {
      const one = guard();
      promote();
      await one.round();
      expect(patroni.told).toEqual([]);
      etcd.delete(`${CLUSTER}/leader`);
      await one.round();
      await one.round();
      expect(patroni.told).toMatchObject([{ path: '/failover', body: { candidate: 'pg2' }, authorization: expect.stringMatching(/^Basic /) }]); // prettier-ignore
      promote({ id: 'later' });
      await one.round();
      expect(paths()).toEqual(['/failover', '/failover']);
    });

    it.each([
      ['another one is told to', { candidate: 'pg3' }, false],
      ['it is not yet told to', { state: 'fenced' }, false],
      ['it is a dry run', {}, true],
    ])('does not lead when %s', async (_, change, isDry) => {
      etcd.delete(`${CLUSTER}/leader`);
      promote(change);
      await guard({}, isDry).round();
      expect(patroni.told).toEqual([]);
    });

    /** Out of step for so many seconds. */
    async function astray(seconds: number, one = guard()): Promise<Guard> {
      etcd.put(`${CLUSTER}/sync`, '{"sync_standby":"pg3"}');
      await one.round();
      aheadMs += seconds * 1_000;
      await one.round();
      return one;
    }

    it('is copied anew when it does not find its way back, once, and holds down', async () => {
      lookLike('pg2', 'starting');
      const one = await astray(180);
      expect(patroni.told).toMatchObject([{ path: '/reinitialize', body: { force: true } }]);
      expect([etcd.get(`${PREFIX}/hold-down`), etcd.secondsOf(`${PREFIX}/hold-down`)]).toEqual(['copy of pg2', 600]); // prettier-ignore
      expect(exposition(one.figures)).toContain('failover_step_downs_total{member="pg2",outcome="copied anew"} 1\n'); // prettier-ignore
      await astray(500, one);
      expect(paths()).toEqual(['/reinitialize']);
    });

    it.each<[string, number, () => void, Partial<GuardConfig>?, boolean?]>([
      ['streams', 181, () => lookLike('pg2')],
      ['is being copied', 181, () => lookLike('pg2', 'creating replica')],
      ['is rewound', 181, () => lookLike('pg2', 'running pg_rewind')],
      ['may find it yet', 178, () => undefined],
      ['may be the only one', 181, () => lookLike('pg2', 'starting', 'starting')],
      ['has no leader', 181, () => etcd.delete(`${CLUSTER}/leader`)],
      ['is left to a person: frozen', 181, () => etcd.put(`${PREFIX}/frozen`, 'moving')],
      ['is left alone for now: held down', 181, () => etcd.put(`${PREFIX}/hold-down`, 'x')],
      ['is left to a person: never', 181, () => undefined, { policy: { ...POLICY, reseedSeconds: 0 } }],
      ['is looked at in a dry run', 181, () => undefined, {}, true],
    ])('is not copied while it %s', async (_, seconds, change, config_ = {}, isDry = false) => {
      lookLike('pg2', 'starting');
      change();
      await astray(seconds, guard(config_, isDry));
      expect(patroni.told).toEqual([]);
    }); // prettier-ignore

    it('counts from when it strayed last', async () => {
      lookLike('pg2', 'starting');
      const one = await astray(100);
      lookLike('pg2');
      await one.round();
      lookLike('pg2', 'starting');
      await astray(100, one);
      expect(patroni.told).toEqual([]);
    });
  });
});
