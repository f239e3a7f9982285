import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FailoverLab, freePort, kernel, run, until } from '#test';
import type { Program } from '#test';

type Postgres = Awaited<ReturnType<typeof kernel.PostgresServer.start>>;

const HOSTS = ['127.0.0.21', '127.0.0.22', '127.0.0.23'] as const;
const MEMBERS = ['pg1', 'pg2', 'pg3'] as const;
type Member = (typeof MEMBERS)[number];

/** What each member has of the log. */
const POSITIONS: Readonly<Record<Member, number>> = { pg1: 500, pg2: 400, pg3: 401 };

/**
 * Guards as processes over a real etcd, and a real PostgreSQL whose commits wait for a standby that never comes. The
 * members' Patroni is played, so that a test sees in which order the guards ask for what; `failover-matrix` has it real.
 */
describe('the guard of a primary', () => {
  let lab: FailoverLab;
  let postgres: Postgres;
  let port: number;
  let patronis: Map<Member, Server>;
  let running: Program[];
  let cluster: string;
  let rounds = 0;
  /** Who was asked to lead, and whether the old primary took connections at that moment. */
  let asked: { member: string; wasOpen: boolean }[];

  beforeAll(async () => {
    lab = await FailoverLab.openEtcd(HOSTS);
    port = await freePort();
  }, 60_000);

  afterAll(async () => {
    if (postgres && (await isOpen())) await postgres.stop();
    await lab?.close();
  });

  beforeEach(async () => {
    rounds += 1;
    [cluster, asked, running, patronis] = [`/lab/${rounds}`, [], [], new Map()];
    for (const [n, member] of MEMBERS.entries()) patronis.set(member, await playPatroni(member, HOSTS[n] ?? '')); // prettier-ignore
    await lab.etcdctl(['put', `${cluster}/leader`, 'pg1']);
    await lab.etcdctl(['put', `${cluster}/sync`, '{"sync_standby":null}']);
  }, 60_000);

  afterEach(async () => {
    for (const program of running) if (!program.hasEnded) await program.end('SIGKILL');
    for (const server of patronis.values()) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** A member's REST API: what it says of itself and of all, and what happens when it is asked to lead. */
  async function playPatroni(member: Member, host: string): Promise<Server> {
    const self = member === 'pg1'
      ? { role: 'primary', state: 'running', timeline: 3, xlog: { location: POSITIONS[member] } }
      : { role: 'replica', state: 'running', replication_state: 'streaming', xlog: { received_location: POSITIONS[member] } }; // prettier-ignore
    const members = MEMBERS.map((name) => {
      const role = name === 'pg1' ? 'leader' : 'replica';
      return { name, role, state: name === 'pg1' ? 'running' : 'streaming', timeline: 3, lag: 0 };
    });
    const server = createServer((request, response) => {
      const told = new Map<string | undefined, object>([
        ['/patroni', self],
        ['/cluster', { members }],
      ]).get(request.url);
      void (told ? Promise.resolve(told) : lead(member)).then((answer) =>
        response.end(JSON.stringify(answer)),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return server;
  }

  async function lead(member: Member): Promise<object> {
    asked.push({ member, wasOpen: await isOpen() });
    await lab.etcdctl(['put', `${cluster}/leader`, member]);
    return {};
  }

  /** Whether PostgreSQL takes connections. */
  async function isOpen(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== null));
      socket.once('error', () => resolve(false));
    });
  }

  /** Every commit waits for a standby, and there is none; `''`: no commit waits. */
  async function startPostgres(standbys = '*'): Promise<void> {
    // One of an earlier test is adopted otherwise, with what waits there and with its settings.
    if (postgres && (await isOpen())) await postgres.stop();
    postgres = await kernel.PostgresServer.start({
      ...{ binaries: '/usr/lib/postgresql/15/bin', data: join(lab.folder, 'pg'), password: 'test' },
      settings: { port: String(port), synchronous_standby_names: standbys },
    });
  }

  /** Freezes a process of PostgreSQL, and lets it go on whatever becomes of the test. */
  async function whileFrozen(pid: number, look: () => Promise<void>): Promise<void> {
    process.kill(pid, 'SIGSTOP');
    try {
      await look();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  const file = (name: string): string => join(lab.folder, `${rounds}-${name}`);
  const contentOf = (name: string): string =>
    existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '';
  const outcomes = (): Record<string, unknown>[] =>
    contentOf('audit').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
  const etcd = async (key: string): Promise<string> =>
    lab.etcdctl(['get', '--print-value-only', `${cluster}/${key}`]);

  function guard(member: Member, verb: readonly string[] = ['run'], change: object = {}): Program {
    const server = patronis.get(member);
    if (!server) throw new Error(`${member} has no Patroni`);
    const { address, port: rest } = server.address() as AddressInfo;
    const config = {
      ...{ member, members: MEMBERS, cluster, prefix: `${cluster}/guard` },
      etcd: { endpoints: lab.etcd.map(({ url }) => url) },
      ...{ patroniUrl: `http://${address}:${rest}`, patroniPassword: 'test' },
      databaseUrl: `postgres://postgres:test@127.0.0.1:${port}/postgres`,
      ...{ stepDown: ['bash', '-c', stopping()], resume: ['bash', '-c', `echo resumed >> ${file('resumed')}`] }, // prettier-ignore
      ...{ stateFile: file(`stepped-down-${member}`), auditFile: file('audit'), metricsPort: 0 },
      policy: { lookEveryMs: 300, stallSeconds: 5, holdDownSeconds: 600, promoteSeconds: 5 },
      ...change,
    };
    writeFileSync(file(`${member}.json`), JSON.stringify(config));
    const words = ['guard', ...verb, '--config', file(`${member}.json`)];
    const program = run(process.execPath, ['dist/infra/failover/main.js', ...words]);
    running.push(program);
    return program;
  }

  /** Stops PostgreSQL and lets go of the leader's lock, as Patroni does when it is stopped. */
  function stopping(): string {
    const pid = join(lab.folder, 'pg', 'postmaster.pid');
    const endpoints = lab.etcd.map(({ url }) => url).join(',');
    return `kill -INT $(head -1 ${pid}); while [ -e ${pid} ]; do sleep 0.1; done; ETCDCTL_API=3 etcdctl --endpoints ${endpoints} del ${cluster}/leader`;
  }

  it('stops the primary first, and only when all others are seen; then the one with the most leads', async () => {
    await startPostgres();
    const figures = { metricsPort: await freePort() };
    const first = guard('pg1', ['run'], figures);
    guard('pg2');
    await first.until(/writes have waited for \d+ s, but pg3 cannot take over/);
    // What a person sees who asks why nothing is done: a look of its own has not waited for anything.
    const { output } = await guard('pg1', ['run', '--once'], figures).end();
    expect(output).toMatch(
      /^so {14}stay: writes come back\nthe guard here {2}stay: writes have waited for \d+ s, but pg3 cannot take over$/m,
    );
    // What a program reads is JSON and nothing else.
    const words = `${process.execPath} dist/infra/failover/main.js guard run --once --json --config ${file('pg2.json')}`;
    const other = await run('bash', ['-c', `${words} 2>/dev/null`]).end();
    expect(JSON.parse(other.output)).toMatchObject({ member: 'pg2', running: null });
    const frozen = await guard('pg2', ['freeze', '--reason', 'moving house']).end();
    expect([frozen.code, frozen.output]).toEqual([0, expect.stringContaining('moving house')]);
    await first.until(/but the kill switch is on: moving house/);
    guard('pg3');
    await until('pg3 tells', async () => (await etcd('guard/report/pg3')).includes('"timeline":3'));
    await sleep(1_500);
    expect([await isOpen(), outcomes(), contentOf('resumed')]).toEqual([true, [], '']);
    expect((await guard('pg2', ['thaw']).end()).code).toBe(0);
    await until('it is handed over', () => outcomes().length > 0, 60_000);
    expect(outcomes()).toMatchObject([{ outcome: 'handed over', to: 'pg3', by: 'pg1' }]);
    const [, waited] = /waited for (\d+) s; no standby streams/.exec(String(outcomes()[0]?.['reason'])) ?? []; // prettier-ignore
    expect(Number(waited)).toBeGreaterThanOrEqual(5);
    expect(asked).toEqual([{ member: 'pg3', wasOpen: false }]);
    // It comes back as a standby; the plan is gone, and what was done is not done again soon.
    expect([contentOf('resumed'), existsSync(file('stepped-down-pg1'))]).toEqual([
      'resumed\n',
      false,
    ]);
    expect([await etcd('guard/plan'), await etcd('guard/hold-down')]).toEqual(['', 'step down of pg1\n']); // prettier-ignore
  }, 120_000);

  it('promotes nobody while the old primary may still acknowledge, and tries it once', async () => {
    await startPostgres();
    // An earlier guard died between stopping Patroni and starting it again.
    writeFileSync(file('stepped-down-pg1'), 'an earlier plan');
    const other = { id: 'other', leader: 'pg9', state: 'stepping down', candidate: null };
    await lab.etcdctl(['put', `${cluster}/guard/plan`, JSON.stringify(other)]);
    const first = guard('pg1', ['run'], { stepDown: ['bash', '-c', `echo stopped >> ${file('stopped')}`] }); // prettier-ignore
    guard('pg2');
    guard('pg3');
    await first.until(/an earlier guard stopped Patroni and did not start it again/);
    await until('Patroni is started', () => contentOf('resumed') === 'resumed\n');
    await first.until(/step down: refused/);
    expect([contentOf('stopped'), existsSync(file('stepped-down-pg1'))]).toEqual(['', false]);
    expect(await etcd('guard/plan')).toContain('"id":"other"');
    await lab.etcdctl(['del', `${cluster}/guard/plan`]);
    await first.until(/step down: given up/);
    await first.until(/but the last step down is too recent/);
    expect(outcomes().at(-1)).toMatchObject({ outcome: 'given up', reason: 'PostgreSQL did not stop' }); // prettier-ignore
    // Stopped once; started again as often as it was looked at, which does nothing to what runs.
    expect(contentOf('stopped')).toBe('stopped\n');
    expect(contentOf('resumed')).toMatch(/^(resumed\n){2,}$/);
    expect([asked, await etcd('guard/plan'), await isOpen()]).toEqual([[], '', true]);
  }, 120_000);

  it('leaves a primary alone that does not even say why nothing comes back, and counts on', async () => {
    await startPostgres();
    const first = guard('pg1');
    guard('pg2');
    guard('pg3');
    const file = join(lab.folder, 'pg', 'postmaster.pid');
    // From now on connections are taken by the kernel and never answered.
    await whileFrozen(Number(readFileSync(file, 'utf8').split('\n')[0]), async () => {
      await first.until(/PostgreSQL does not say why: a person must look/);
      expect([outcomes(), asked]).toEqual([[], []]);
    });
  }, 120_000);

  it('leaves a primary alone whose commits wait for something else than a standby', async () => {
    await startPostgres('');
    const first = guard('pg1');
    guard('pg2');
    guard('pg3');
    await first.until(/writes come back/);
    const client = new Client({ connectionString: postgres.superuserUrl() });
    await client.connect();
    const of = `FROM pg_stat_activity WHERE application_name = 'ofitec guard' AND query LIKE '%emit_message%'`;
    let pid = 0;
    await until('the guard commits', async () => {
      pid = (await client.query<{ pid: number }>(`SELECT pid ${of}`)).rows[0]?.pid ?? 0;
      return pid > 0;
    });
    await client.end();
    await whileFrozen(pid, async () => {
      await first.until(/not for want of a standby: a person must look/);
      expect([outcomes(), asked]).toEqual([[], []]);
    });
    // What held it is gone: it is told, and nothing was done.
    await until('commits come back', () => first.output.lastIndexOf('writes come back') > first.output.indexOf('a person must look')); // prettier-ignore
    expect([outcomes(), asked]).toEqual([[], []]);
  }, 120_000);

  it('moves etcd’s leader off the primary’s host, and not while the kill switch is on', async () => {
    const seat = async (): Promise<Member | undefined> => {
      const lines = (await lab.etcdctl(['endpoint', 'status'])).trim().split('\n');
      // Endpoint, id, version, size, whether it leads.
      return MEMBERS[lines.findIndex((line) => line.split(', ')[4] === 'true')];
    };
    const primary = await seat();
    if (!primary) throw new Error('etcd has no leader');
    await lab.etcdctl(['put', `${cluster}/leader`, primary]);
    expect((await guard(primary, ['freeze', '--reason', 'moving house']).end()).code).toBe(0);
    guard(primary);
    await until('its guard looks', async () => (await etcd(`guard/report/${primary}`)) !== '');
    await sleep(2_000);
    expect(await seat()).toBe(primary);
    expect((await guard(primary, ['thaw']).end()).code).toBe(0);
    await until('it has left', async () => {
      const now = await seat();
      return now !== undefined && now !== primary;
    });
  }, 120_000);
});
