import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { played, until } from '#test';
import { Blackboard } from './board.js';
import type { Plan } from './board.js';
import type { GuardConfig } from './config.js';
import { Handover } from './handover.js';
import type { Outcome } from './handover.js';

const MEMBERS = ['pg1', 'pg2', 'pg3'];
const CLUSTER = '/service/ofitec';
const PREFIX = '/guard';
const POLICY = { lookEveryMs: 200, stallSeconds: 5, holdDownSeconds: 600, stopSeconds: 20, promoteSeconds: 20, reseedSeconds: 180 }; // prettier-ignore
const QUICK = { reportMs: 20_000, everyMs: 20, settleMs: 50 };

/** In which order a primary gives its place away, with the others played; with real ones in test/ops. */
describe('a handover', () => {
  let folder: string;
  let etcd: played.PlayedEtcd;
  let postgres: played.PlayedPostgres;
  let config: GuardConfig;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-handover-'));
    etcd = await played.PlayedEtcd.open();
    postgres = await played.PlayedPostgres.open();
    etcd.put(`${CLUSTER}/leader`, 'pg1');
    // Stopping takes as long as the test wants: until it has written the second file.
    const stop = `echo stopped >> ${file('stopped')}; until [ -e ${file('gone')} ]; do sleep 0.02; done`;
    config = {
      ...{ member: 'pg1', members: MEMBERS, cluster: CLUSTER, prefix: PREFIX },
      etcd: { endpoints: [etcd.url], timeoutMs: 5_000 },
      ...{ patroniUrl: 'http://127.0.0.1:1', patroniPassword: 'test', databaseUrl: postgres.url },
      ...{ stepDown: ['bash', '-c', stop], resume: ['bash', '-c', `echo resumed >> ${file('resumed')}`] },
      ...{ stateFile: join(folder, 'state', 'stepped-down'), auditFile: null, metricsPort: null, policy: POLICY },
    }; // prettier-ignore
  });

  afterEach(async () => {
    for (const each of [etcd, postgres]) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name: string): string => join(folder, name);
  const contentOf = (name: string): string => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : ''); // prettier-ignore
  const plan = (): Plan | null => JSON.parse(etcd.get(`${PREFIX}/plan`) ?? 'null') as Plan | null;
  const lead = (member: string): void => etcd.put(`${CLUSTER}/leader`, member);

  const begin = async (change: Partial<GuardConfig> = {}, patience = QUICK): Promise<Outcome> => {
    const all = { ...config, ...change };
    return new Handover(all, new Blackboard(all), patience).stepDown(3);
  };

  /** PostgreSQL is gone, and with it the leader's lock. */
  async function stopped(): Promise<void> {
    await until('it is told to stop', () => contentOf('stopped') !== '');
    await postgres.close();
    etcd.delete(`${CLUSTER}/leader`);
    writeFileSync(file('gone'), '');
  }

  function report(member: string, position: number, id: string | null, timeline = 3): void {
    const said = { member, state: 'running', isStandby: true, timeline, position, plan: id };
    etcd.put(`${PREFIX}/report/${member}`, JSON.stringify(said));
  }

  const stateIs = async (state: Plan['state']): Promise<string> => {
    await until(state, () => plan()?.state === state);
    return plan()?.id ?? '';
  };

  it('stops, hears everybody, promotes the one with the most, and starts again', async () => {
    const done = begin();
    await until('it is told to stop', () => contentOf('stopped') !== '');
    expect([plan()?.state, existsSync(config.stateFile), etcd.get(`${PREFIX}/hold-down`)]).toEqual([
      'stepping down',
      true,
      'step down of pg1',
    ]);
    // A plan ends with the guard that made it; the hold-down does not.
    expect([etcd.secondsOf(`${PREFIX}/plan`), etcd.secondsOf(`${PREFIX}/hold-down`)]).toEqual([8, 600]); // prettier-ignore
    // What is told before it has stopped counts for nothing.
    report('pg2', 900, null);
    report('pg3', 500, null);
    await stopped();
    const id = await stateIs('fenced');
    report('pg3', 501, id);
    await sleep(100);
    expect([plan()?.state, plan()?.candidate]).toEqual(['fenced', null]);
    // Its own is the greatest, and it is not among those to choose from.
    report('pg1', 999, id);
    report('pg2', 500, id);
    await stateIs('promote');
    expect(plan()).toMatchObject({ id, leader: 'pg1', candidate: 'pg3' });
    expect(contentOf('resumed')).toBe('');
    lead('pg3');
    expect(await done).toEqual({ outcome: 'handed over', to: 'pg3' });
    expect([plan(), contentOf('resumed'), existsSync(config.stateFile)]).toEqual([null, 'resumed\n', false]); // prettier-ignore
  });

  it('keeps its plan alive while it waits', async () => {
    const done = begin();
    await until('it is told to stop', () => contentOf('stopped') !== '');
    const before = etcd.asked.length;
    await until('the lease is kept', () => etcd.asked.slice(before).includes('lease/keepalive'));
    await stopped();
    await stateIs('fenced');
    lead('pg2');
    // Patroni was quicker: nobody is told anything.
    expect(await done).toEqual({ outcome: 'handed over', to: 'pg2' });
  });

  it('does nothing while another guard has a plan', async () => {
    etcd.put(`${PREFIX}/plan`, '{"id":"other"}');
    expect(await begin()).toEqual({ outcome: 'refused', reason: 'another guard has a plan' });
    expect([contentOf('stopped'), contentOf('resumed'), etcd.get(`${PREFIX}/hold-down`)]).toEqual(['', '', null]); // prettier-ignore
    expect(plan()).toEqual({ id: 'other' });
  });

  it.each(['commits', 'waits', 'frozen'] as const)('promotes nobody while PostgreSQL %s still', async (mode) => {
    postgres.mode = mode;
    writeFileSync(file('gone'), '');
    etcd.delete(`${CLUSTER}/leader`);
    expect(await begin()).toEqual({ outcome: 'given up', reason: 'PostgreSQL did not stop' });
    expect([plan(), contentOf('resumed'), existsSync(config.stateFile)]).toEqual([null, 'resumed\n', false]);
    // Held although nothing came of it.
    expect(etcd.secondsOf(`${PREFIX}/hold-down`)).toBe(600);
  }); // prettier-ignore

  it('starts again when it could not be stopped', async () => {
    const reason = expect.stringContaining('no such unit') as unknown;
    const stepDown = ['bash', '-c', 'echo no such unit >&2; exit 5'];
    expect(await begin({ stepDown })).toEqual({ outcome: 'given up', reason });
    const endless = ['bash', '-c', 'exec sleep 60'];
    const policy = { ...POLICY, stopSeconds: 0.2 };
    expect(await begin({ stepDown: endless, policy })).toMatchObject({ outcome: 'given up' });
    expect(contentOf('resumed')).toBe('resumed\nresumed\n');
  });

  it.each([
    ['is silent', (): void => undefined],
    ['told of an earlier plan', (): void => report('pg2', 500, 'earlier')],
    ['is on another timeline', (): void => report('pg2', 500, plan()?.id ?? '', 2)],
  ] as const)('gives up when one of the others %s', async (_, tells) => {
    const done = begin({}, { ...QUICK, reportMs: 300 });
    await stopped();
    report('pg3', 501, await stateIs('fenced'));
    tells();
    expect(await done).toEqual({ outcome: 'given up', reason: 'pg2 did not tell' });
    expect([plan(), contentOf('resumed'), existsSync(config.stateFile)]).toEqual([null, 'resumed\n', false]); // prettier-ignore
  });

  /** Both told; the candidate was told to lead, and does not. @returns the outcome to come */
  async function told(settleMs: number): Promise<{ done: Promise<Outcome> }> {
    const done = begin({ policy: { ...POLICY, promoteSeconds: 0.2 } }, { ...QUICK, settleMs });
    await stopped();
    const id = await stateIs('fenced');
    for (const member of ['pg2', 'pg3']) report(member, 500, id);
    await stateIs('promote');
    // What Patroni keeps of a failover that was asked for.
    etcd.put(`${CLUSTER}/failover`, '{"member":"pg2"}');
    return { done };
  }

  it('takes back what it told when nobody took over, and only then starts again', async () => {
    const { done } = await told(400);
    await until('the plan has ended', () => plan() === null);
    // The candidate may still be about to: nothing is taken back yet, and the old one does not run.
    expect([etcd.get(`${CLUSTER}/failover`), contentOf('resumed')]).toEqual(['{"member":"pg2"}', '']); // prettier-ignore
    expect(await done).toEqual({ outcome: 'given up', reason: 'pg2 did not take over' });
    expect([etcd.get(`${CLUSTER}/failover`), contentOf('resumed')]).toEqual([null, 'resumed\n']);
  });

  it('yields to a candidate that takes over at the last moment', async () => {
    const { done } = await told(600);
    await until('the plan has ended', () => plan() === null);
    lead('pg2');
    expect(await done).toEqual({ outcome: 'handed over', to: 'pg2' });
    expect(etcd.get(`${CLUSTER}/failover`)).toBe('{"member":"pg2"}');
  });

  it('is not taken in by its own name in the lock', async () => {
    const done = begin({}, { ...QUICK, reportMs: 300 });
    await stopped();
    await stateIs('fenced');
    lead('pg1');
    expect(await done).toEqual({ outcome: 'given up', reason: 'pg2 and pg3 did not tell' });
  });

  it('tells its outcome, and leaves word for the next try, when Patroni cannot be started again', async () => {
    const done = begin({ resume: ['bash', '-c', 'exit 1'] });
    await stopped();
    await stateIs('fenced');
    lead('pg2');
    expect(await done).toEqual({ outcome: 'handed over', to: 'pg2' });
    expect([existsSync(config.stateFile), plan()]).toEqual([true, null]);
  });

  it('starts what an earlier guard stopped, once, and tries again where that failed', async () => {
    const recover = async (change: Partial<GuardConfig> = {}): Promise<void> =>
      new Handover({ ...config, ...change }, new Blackboard(config), QUICK).recover();
    const stateFile = file('stepped-down');
    await recover({ stateFile });
    expect(contentOf('resumed')).toBe('');
    writeFileSync(stateFile, 'a plan');
    await expect(recover({ stateFile, resume: ['false'] })).rejects.toThrow('false');
    expect(existsSync(stateFile)).toBe(true);
    await recover({ stateFile });
    await recover({ stateFile });
    expect([contentOf('resumed'), existsSync(stateFile)]).toEqual(['resumed\n', false]);
  });
});
