import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bootstrap, CompanyService, House, kernel, ReplicationWatchService } from '#test';

type Server = Awaited<ReturnType<typeof kernel.PostgresServer.start>>;

const BINARIES = '/usr/lib/postgresql/15/bin';
const PASSWORD = 'test';

/** Readiness over a real primary and its real standby. */
describe('readiness and a standby', () => {
  let folder: string;
  let primary: Server;
  let standby: Server | null = null;
  const houses: House[] = [];

  beforeAll(async () => {
    expect([BINARIES, existsSync(`${BINARIES}/pg_basebackup`)]).toEqual([BINARIES, true]);
    folder = mkdtempSync(join(tmpdir(), 'ofitec-standby-'));
    chmodSync(folder, 0o755);
    primary = await kernel.PostgresServer.start(options('primary'));
    const roles = ['ofitec_owner', 'ofitec_app', 'ofitec_readonly'];
    await kernel.prepareRoles(primary, Object.fromEntries(roles.map((role) => [role, PASSWORD])));
    await tell(primary, 'CREATE DATABASE ofitec OWNER ofitec_owner');
    const { available } = await bootstrap.readBlueprint({});
    await bootstrap.migrate(primary.url('ofitec_owner', PASSWORD, 'ofitec'), available, () => {});
    const owner = statSync(join(folder, 'primary'));
    mkdirSync(join(folder, 'standby'), { mode: 0o700 });
    chownSync(join(folder, 'standby'), owner.uid, owner.gid);
    const { status, stderr } = spawnSync(
      `${BINARIES}/pg_basebackup`,
      [
        '-R',
        '-c',
        'fast',
        '-X',
        'stream',
        '-D',
        join(folder, 'standby'),
        '-d',
        withName(primary.superuserUrl()),
      ],
      { uid: owner.uid, gid: owner.gid, encoding: 'utf8', cwd: '/' },
    );
    expect([status, stderr]).toEqual([0, stderr]);
    standby = await kernel.PostgresServer.start(options('standby'));
  }, 180_000);

  afterAll(async () => {
    for (const house of houses) await house.close();
    await standby?.stop();
    await primary?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function options(name: string): Parameters<typeof kernel.PostgresServer.start>[0] {
    return { binaries: BINARIES, data: join(folder, name), password: PASSWORD };
  }

  /** The standby calls itself by this in synchronous_standby_names. */
  function withName(url: string): string {
    return `${url}?application_name=standby`;
  }

  async function tell(server: Server, ...statements: string[]): Promise<void> {
    const client = new Connection({ connectionString: server.superuserUrl() });
    await client.connect();
    // Its own statements must not wait for the standby that they are about.
    await client.query('SET synchronous_commit = local');
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  async function over(server: Server, ...others: Server[]): Promise<House> {
    const more = others.map((other) => `,${new URL(other.superuserUrl()).host}`).join('');
    const url = (role: string): string =>
      server.url(role, PASSWORD, 'ofitec').replace(/\/ofitec$/, `${more}/ofitec`);
    const house = await House.over(null, {
      application: url('ofitec_app'),
      owner: url('ofitec_owner'),
      readonly: url('ofitec_readonly'),
      superuser: url('postgres'),
    });
    houses.push(house);
    return house;
  }

  /** A company that operates the installation; the whole of it is not needed here. */
  async function found(house: House): Promise<void> {
    const company = { rut: '76123456-0', name: 'Lavandería de prueba', address: null };
    const companyId = kernel.newId();
    await kernel.runAsHouse(companyId, 'test', () =>
      house.app.get(CompanyService, { strict: false }).found(company),
    );
  }

  async function until(house: House, status: number): Promise<{ message?: string }> {
    for (let tries = 0; tries < 100; tries += 1) {
      const answer = await house.nobody.raw('get', '/health/ready');
      if (answer.status === status) return answer.body.details.database as { message?: string };
      await sleep(200);
    }
    throw new Error(`readiness never answered ${status}`);
  }

  it('is not there while commits wait for a standby that is gone, and is when it is back', async () => {
    const house = await over(primary);
    await tell(
      primary,
      `ALTER SYSTEM SET synchronous_standby_names = 'standby'`,
      'SELECT pg_reload_conf()',
    );
    await until(house, 200);
    await standby?.stop();
    standby = null;
    const gone = await until(house, 503);
    expect(gone.message).toMatch(/^timeout of 2000ms exceeded$|^a write is held up$/);
    standby = await kernel.PostgresServer.start(options('standby'));
    await until(house, 200);
  }, 120_000);

  it('raises replication.degraded for a standby that is gone, by itself, and resolves it', async () => {
    const house = await over(primary);
    await tell(
      primary,
      `ALTER SYSTEM SET synchronous_standby_names = 'standby'`,
      'SELECT pg_reload_conf()',
    );
    await until(house, 200);
    const context = { requestId: 'test', ip: null, language: 'es' as const, actor: null };
    const watch = house.app.get(ReplicationWatchService, { strict: false });
    await found(house);
    const alerts = (): Promise<{ key: string; state: string }[]> =>
      house.rows(
        'superuser',
        `SELECT key, state FROM operational_alerts_alert WHERE type = 'replication.degraded'`,
      );
    const measure = (): Promise<void> => kernel.runInContext(context, () => watch.measure());
    await measure();
    expect(await alerts()).toEqual([]);
    await standby?.stop();
    standby = null;
    // Every other commit waits now; this one must not.
    await measure();
    expect(await alerts()).toEqual([{ key: 'standby', state: 'open' }]);
    standby = await kernel.PostgresServer.start(options('standby'));
    await until(house, 200);
    await measure();
    expect(await alerts()).toEqual([{ key: 'standby', state: 'resolved' }]);
  }, 120_000);

  it('calls a wait that was cancelled no success', async () => {
    const house = await over(primary);
    await until(house, 200);
    await standby?.stop();
    standby = null;
    await sleep(1_100);
    const asked = house.nobody.raw('get', '/health/ready');
    const cancel = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'ofitec probe' AND wait_event = 'SyncRep'`;
    for (let tries = 0; tries < 15; tries += 1) {
      await sleep(100);
      await tell(primary, cancel);
    }
    const answer = await asked;
    expect([answer.status, answer.body.details.database.status]).toEqual([503, 'down']);
    standby = await kernel.PostgresServer.start(options('standby'));
    await until(house, 200);
  }, 120_000);

  it('finds the one that takes writes among several, before and after it changes', async () => {
    if (!standby) throw new Error('the standby does not run');
    const alone = await over(standby);
    expect(await until(alone, 503)).toMatchObject({ message: 'the database is read-only' });
    const house = await over(standby, primary);
    await until(house, 200);
    const signIn = { login: 'nadie', password: 'ninguna clave de nadie' };
    expect((await house.nobody.post('auth/login', signIn)).status).toBe(401);
    await primary.stop();
    await until(house, 503);
    await tell(
      standby,
      'SELECT pg_promote()',
      'ALTER SYSTEM RESET synchronous_standby_names',
      'SELECT pg_reload_conf()',
    );
    await until(house, 200);
    expect((await house.nobody.post('auth/login', signIn)).status).toBe(401);
    await until(alone, 200);
  }, 120_000);
});
