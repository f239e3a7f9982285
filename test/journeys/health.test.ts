import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bootstrap, House, kernel, until as eventually, Wire } from '#test';
import type { Client } from '#test';

type Details = Record<string, { status: string; message?: string }>;

/** What a load balancer is told, by one that asks it of a real database in every bad state. */
describe('health', () => {
  let house: House;
  let balancer: Client;

  beforeAll(async () => {
    house = await House.open();
    balancer = house.nobody;
    // No worker has run in the demo company, whose events may be of any age.
    await house.rows('owner', 'DELETE FROM kernel_event_pending');
  });

  it('is alive, has started and is ready, with every check and the nonce of the question', async () => {
    const live = await balancer.raw('get', '/health/live?nonce=a-1.b_2~c');
    expect([live.status, live.body]).toEqual([200, { status: 'ok', nonce: 'a-1.b_2~c' }]);
    for (const path of ['/health/ready', '/health/startup']) {
      const answer = await balancer.raw('get', `${path}?nonce=n-1`);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.body).toMatchObject({ status: 'ok', nonce: 'n-1' });
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    const { details } = (await balancer.raw('get', '/health/ready')).body as { details: Details };
    expect(Object.keys(details).sort()).toEqual(['database', 'migrations', 'process', 'queue']);
    expect(Object.values(details).map(({ status }) => status)).toEqual(['up', 'up', 'up', 'up']);
  });

  it('gives no nonce back that nobody sent, and takes none that is no word', async () => {
    expect((await balancer.raw('get', '/health/ready')).body).not.toHaveProperty('nonce');
    for (const bad of ['', '%0d%0aset-cookie:x', 'a b', 'x'.repeat(65), 'a&nonce=b']) {
      const { status } = await balancer.raw('get', `/health/ready?nonce=${bad}`);
      expect([bad, status]).toEqual([bad, 400]);
    }
    expect((await balancer.raw('get', '/health/ready?once=1')).status).toBe(400);
  });

  it('writes one row, at most once a second however many ask, and never a second one', async () => {
    const written = async (): Promise<string[]> =>
      (
        await house.rows<{ at: string }>('owner', 'SELECT written_at::text AS at FROM kernel_probe')
      ).map(({ at }) => at);
    await sleep(1_100);
    const [before] = await written();
    const asked = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => balancer.raw('get', '/health/ready')),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const seconds = (performance.now() - asked) / 1_000;
    const [after, ...more] = await written();
    expect(after).not.toBe(before);
    expect(more).toEqual([]);
    const probes = await house.rows(
      'superuser',
      `SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND application_name = 'ofitec probe'`,
      { values: [house.database] },
    );
    expect(probes).toHaveLength(1);
    const [stat] = await house.rows<{ n: number }>(
      'owner',
      `SELECT n_tup_upd::integer + n_tup_ins::integer AS n FROM pg_stat_user_tables WHERE relname = 'kernel_probe'`,
    );
    expect(stat?.n).toBeLessThan(10 + seconds);
  });

  it('is ready while every connection of the pool is busy', async () => {
    const tight = await House.over(null, house.urls, { DATABASE_POOL_SIZE: '2' });
    const database = tight.app.get(kernel.Database);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let busy = 0;
    const holders = [1, 2].map(() =>
      database.transaction(async () => {
        await database.rows('SELECT 1');
        busy += 1;
        await held;
      }),
    );
    await eventually('both are busy', () => busy === 2);
    const answer = await tight.nobody.raw('get', '/health/ready');
    expect([answer.status, answer.body.details.database.status]).toEqual([200, 'up']);
    expect(answer.body.details.queue).toMatchObject({ status: 'degraded', message: 'unknown' });
    release();
    await Promise.all(holders);
    await tight.close();
  });

  it('is not ready over a schema that lacks a migration, and says how many', async () => {
    const [gone] = await house.rows<{ addon: string; name: string; applied_at: Date }>(
      'owner',
      `DELETE FROM kernel_migration WHERE addon = 'sales' AND name IN
         (SELECT name FROM kernel_migration WHERE addon = 'sales' ORDER BY name LIMIT 1) RETURNING *`,
    );
    const answer = await until(503);
    expect(answer.details['migrations']).toEqual({ status: 'down', message: '1 pending' });
    expect(answer.details['database']).toMatchObject({ status: 'up' });
    await house.rows('owner', 'INSERT INTO kernel_migration VALUES ($1, $2, $3)', {
      values: [gone?.addon, gone?.name, gone?.applied_at],
    });
    await until(200);
  });

  it('is degraded, and stays in service, while events wait too long', async () => {
    const [event] = await house.rows<{ id: string; company_id: string; action: string }>(
      'owner',
      'SELECT id, company_id, action FROM kernel_event ORDER BY created_at LIMIT 1',
    );
    await house.rows(
      'owner',
      `INSERT INTO kernel_event_pending VALUES ($1, $2, $3, now() - interval '1 hour')`,
      { values: [event?.id, event?.company_id, event?.action] },
    );
    const second = await House.over(null, house.urls);
    const answer = await second.nobody.raw('get', '/health/ready');
    expect([answer.status, answer.body.status]).toEqual([200, 'degraded']);
    expect(answer.body.details.queue).toEqual({
      status: 'degraded',
      message: 'events wait too long',
    });
    await second.close();
  });

  it('has a worker check only where a worker runs', async () => {
    const worker = house.app.get(kernel.Worker);
    await worker.start(house.urls.application);
    const { details } = (await balancer.raw('get', '/health/ready')).body as { details: Details };
    expect(details['worker']).toEqual({ status: 'up' });
    await worker.stop();
    const after = (await balancer.raw('get', '/health/ready')).body as { details: Details };
    expect(after.details).not.toHaveProperty('worker');
  });

  it('is draining for good once it is told to end', async () => {
    const ending = await House.over(null, house.urls);
    ending.app.get(kernel.Readiness).drain();
    const answer = await ending.nobody.raw('get', '/health/ready?nonce=z');
    expect([answer.status, answer.headers['retry-after'], answer.body.code]).toEqual([
      ...[503, '1', 'kernel.not-ready'],
    ]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({
      nonce: 'z',
      details: { process: { status: 'down', message: 'about to end' }, database: { status: 'up' } },
    });
    expect((await ending.nobody.raw('get', '/health/live')).status).toBe(200);
    await ending.close();
  });

  async function until(status: number): Promise<{ details: Details }> {
    let body = {} as { details: Details };
    await eventually(`readiness answers ${status}`, async () => {
      const answer = await balancer.raw('get', '/health/ready');
      ({ body } = answer as { body: { details: Details } });
      return answer.status === status;
    });
    return body;
  }
});

/** A PostgreSQL of its own, because its commits are made to hang. */
describe('health over a database that reads and does not write', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof kernel.PostgresServer.start>>;
  let wire: Wire;
  let house: House;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-health-'));
    chmodSync(folder, 0o755);
    server = await kernel.PostgresServer.start(options());
    const roles = { ofitec_owner: 'test', ofitec_app: 'test', ofitec_readonly: 'test' };
    await kernel.prepareRoles(server, roles);
    await superuser('CREATE DATABASE ofitec OWNER ofitec_owner');
    wire = await Wire.to(server.port);
    const url = (role: string): string => wire.url(server.url(role, 'test', 'ofitec'));
    const { migrate, readBlueprint } = bootstrap;
    const { available } = await readBlueprint({});
    await migrate(url('ofitec_owner'), available, () => {});
    house = await House.over(null, {
      application: url('ofitec_app'),
      owner: url('ofitec_owner'),
      readonly: url('ofitec_readonly'),
      superuser: url('postgres'),
    });
  }, 120_000);

  afterAll(async () => {
    await house?.close();
    await wire?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function options(): Parameters<typeof kernel.PostgresServer.start>[0] {
    const data = join(folder, 'postgres');
    return { binaries: kernel.embeddedBinaries(), data, password: 'test' };
  }

  async function superuser(sql: string): Promise<unknown[]> {
    const client = new Connection({ connectionString: server.superuserUrl() });
    await client.connect();
    try {
      await client.query('SET default_transaction_read_only = off');
      return (await client.query<object>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async function ready(): Promise<{
    status: number;
    database: { message?: string };
    seconds: number;
  }> {
    const asked = performance.now();
    const { status, body } = await house.nobody.raw('get', '/health/ready');
    const seconds = (performance.now() - asked) / 1_000;
    return { status, database: body.details.database as { message?: string }, seconds };
  }

  async function until(status: number): Promise<{ message?: string; seconds: number }> {
    let answer = await ready();
    await eventually(`readiness answers ${status}`, async () => {
      if (answer.status !== status) answer = await ready();
      return answer.status === status;
    });
    return { ...answer.database, seconds: answer.seconds };
  }

  const probes = async (): Promise<number> =>
    (await superuser(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'ofitec probe'`))
      .length;

  it('is not ready while no commit is acknowledged, answers in time, and piles up no connections', async () => {
    expect((await ready()).status).toBe(200);
    await superuser(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`);
    await superuser('SELECT pg_reload_conf()');
    const hung = await until(503);
    expect(hung.message).toMatch(/timeout|held up/);
    for (let asked = 0; asked < 5; asked += 1) {
      const answer = await ready();
      expect(answer.status).toBe(503);
      expect(answer.seconds).toBeLessThan(10);
      await sleep(1_000);
    }
    // The one that hangs in COMMIT, and at most one that is about to be refused.
    expect(await probes()).toBeLessThanOrEqual(3);
    expect((await house.nobody.raw('get', '/health/live')).status).toBe(200);
    await superuser('ALTER SYSTEM RESET synchronous_standby_names');
    await superuser('SELECT pg_reload_conf()');
    await until(200);
  });

  it('is not ready on a server that only reads, as a standby is', async () => {
    await superuser('ALTER SYSTEM SET default_transaction_read_only = on');
    await superuser('SELECT pg_reload_conf()');
    expect((await until(503)).message).toBe('the database is read-only');
    await superuser('ALTER SYSTEM RESET default_transaction_read_only');
    await superuser('SELECT pg_reload_conf()');
    await until(200);
  });

  it.each(['cut', 'freeze'] as const)(
    'is not ready behind a %s wire, stays started, and is ready when it is mended',
    async (harm) => {
      wire[harm]();
      const away = await until(503);
      expect(away.message).toBe(
        harm === 'cut' ? 'the database does not answer' : 'timeout of 2000ms exceeded',
      );
      expect(away.seconds).toBeLessThan(10);
      expect((await house.nobody.raw('get', '/health/startup')).status).toBe(200);
      wire.mend();
      await until(200);
    },
  );
});
