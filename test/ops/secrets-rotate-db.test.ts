import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  askPostgres,
  DEMO_PASSWORD,
  kernel,
  letRotate,
  PostgresTap,
  READY,
  runServer,
  SecretsLab,
  shop,
  signIn,
  startOwnServer,
  superuserOf,
  takeOrder,
} from '#test';
import type { Client, Ended, OwnServer, Program } from '#test';

const LOGINS = ['ofitec_app', 'ofitec_app_a', 'ofitec_app_b'];
/** Requests of a whole rotation that change something, at Vault and at PostgreSQL; see `effects`. */
const EFFECTS = 19;

/** The database's login rotated over a real OpenBao and a real PostgreSQL. */
describe('rotating the database’s login', () => {
  let lab: SecretsLab;
  let postgres: OwnServer;
  let tap: PostgresTap;
  const programs: Program[] = [];
  const runbook = (): string => (existsSync(lab.file('runbook.md')) ? lab.read('runbook.md') : '');
  const entries = (): number => runbook().split('\n').length - 1;
  const config = (db: object): object => ({
    files: [{ key: 'DATABASE_URL', file: lab.file('host/url') }],
    runbook: lab.file('runbook.md'),
    rotate: {
      db: { adminUrlFile: lab.file('admin-url'), graceSeconds: 0, drainSeconds: 60, ...db },
    },
  });

  beforeAll(async () => {
    [lab, postgres] = await Promise.all([SecretsLab.open(), startOwnServer()]);
    mkdirSync(lab.file('host'));
    const superuser = superuserOf(postgres);
    const admin = new URL(await letRotate(postgres));
    await askPostgres(superuser, "ALTER SYSTEM SET log_statement = 'all'");
    await askPostgres(superuser, 'SELECT pg_reload_conf()');
    tap = await PostgresTap.before(Number(admin.port));
    admin.port = String(tap.port);
    writeFileSync(lab.file('admin-url'), admin.href, { mode: 0o600 });
    await lab.put({ DATABASE_URL: postgres.urls.application, OTHER: 'stays' });
    lab.configure(config({}));
    expect(await lab.as('reader', 'render').end()).toMatchObject({ code: 0 });
  }, 300_000);

  afterEach(async () => {
    await lab.faulty.set('none');
    lab.faulty.watch = () => undefined;
    tap.watch = () => undefined;
  });

  afterAll(async () => {
    for (const program of programs) await program.end('SIGKILL');
    await tap?.close();
    await postgres?.stop();
    await lab?.close();
  });

  const rotate = (...args: string[]): Promise<Ended> =>
    lab.as('rotator', 'rotate', 'db', ...args).end();

  /** Which of the logins are let in with a password that any version in Vault knows. */
  async function usable(): Promise<string[]> {
    const urls = new Set<string>();
    for (let version = 1; ; version += 1) {
      const { status, body } = await lab.bao.call('GET', `kv/data/ofitec/prod?version=${version}`);
      if (status !== 200) break;
      const data = (body.data?.['data'] ?? {}) as Record<string, string>;
      urls.add(data['DATABASE_URL'] ?? '');
    }
    const users: string[] = [];
    for (const url of urls) {
      const isIn = await askPostgres(url, 'SELECT 1').then(
        () => true,
        () => false,
      );
      if (isIn) users.push(new URL(url).username);
    }
    return users;
  }

  const current = async (): Promise<string> =>
    new URL((await lab.get())['DATABASE_URL'] ?? '').username;

  it('says beforehand what it would do, and changes nothing', async () => {
    const before = await lab.get();
    expect(await rotate('--dry-run')).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^ofitec_app → ofitec_app_a would be rotated:\nGENERATED /),
    });
    expect(await rotate('--status')).toMatchObject({
      output: expect.stringContaining('db was never rotated'),
    });
    expect(await rotate('--resume')).toMatchObject({
      code: 1,
      output: expect.stringContaining('No rotation stands still'),
    });
    expect([await lab.get(), entries(), await usable()]).toEqual([before, 0, ['ofitec_app']]);
  });

  async function serve(urlFile: string): Promise<string> {
    const server = runServer({
      DATABASE_URL_FILE: urlFile,
      DATABASE_CONNECTION_LIFE_SECONDS: '2',
      DATABASE_POOL_SIZE: '6',
      LOG_LEVEL: 'warn',
      OFITEC_HOME: lab.file('home'),
    });
    programs.push(server);
    return (await server.until(READY))[1] ?? '';
  }

  it('refuses no request under constant load, with a canary before', async () => {
    const canaryFile = lab.file('host/canary-url');
    writeFileSync(canaryFile, postgres.urls.application, { mode: 0o600 });
    const [url, canaryUrl] = [await serve(lab.file('host/url')), await serve(canaryFile)];
    lab.configure(
      config({
        graceSeconds: 1,
        canary: { file: canaryFile, readyUrl: `${canaryUrl}/health/ready` },
      }),
    );
    const counts: Record<string, number> = {};
    const stop = new AbortController();
    const clients = await Promise.all(
      [1, 2, 3, 4].map(() => signIn(url, 'vendedora', DEMO_PASSWORD)),
    );
    const load = clients.map(async (client) => work(client, stop.signal, counts));
    await sleep(1_000);
    for (const [from, to] of [
      ['ofitec_app', 'ofitec_app_a'],
      ['ofitec_app_a', 'ofitec_app_b'],
    ]) {
      const { code, output } = await rotate();
      expect([code, output]).toEqual([0, expect.stringContaining('LOGGED')]);
      expect(output).toContain(`${from} → ${to}`);
      expect(await usable()).toEqual([to]);
    }
    await sleep(1_000);
    stop.abort();
    await Promise.all(load);
    process.stderr.write(`${JSON.stringify(counts)}\n`);
    expect(Object.keys(counts).sort()).toEqual(['200', '201']);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(50);
    expect((await lab.get())['OTHER']).toBe('stays');
    expect(entries()).toBe(2);
    for (const program of programs.splice(0)) await program.end('SIGTERM');
    lab.configure(config({}));
  }, 240_000);

  async function work(
    client: Client,
    signal: AbortSignal,
    counts: Record<string, number>,
  ): Promise<void> {
    const place = await shop(client);
    const count = (status: number | string): void =>
      void (counts[status] = (counts[status] ?? 0) + 1);
    while (!signal.aborted) {
      await takeOrder(client, place).then(
        () => count(201),
        (error: unknown) => count(String(error)),
      );
      await client.get('sales/orders?limit=5').then(
        ({ status }) => count(status),
        (error: unknown) => count(String(error)),
      );
    }
  }

  /** Calls back at each request that changes something, in their order. */
  function effects(at: (n: number, when: 'before' | 'after') => void): void {
    let n = -1;
    const see = (when: 'before' | 'after'): void => {
      if (when === 'before') n += 1;
      at(n, when);
    };
    lab.faulty.watch = ({ method, path }, when) => {
      if (method !== 'GET' && path.startsWith('kv/')) see(when);
    };
    tap.watch = (_, when) => see(when);
  }

  it('changes something so many times', async () => {
    let last = 0;
    effects((n) => (last = n));
    expect((await rotate()).code).toBe(0);
    expect(last + 1).toBe(EFFECTS);
  });

  const points = Array.from({ length: EFFECTS }, (_, n) => n);
  it.each(points.flatMap((n) => (['before', 'after'] as const).map((when) => [when, n] as const)))(
    'killed %s effect %i, goes on to one usable login and one entry',
    async (when, at) => {
      const [from, before] = [await current(), entries()];
      const program = lab.as('rotator', 'rotate', 'db');
      effects((n, now) => {
        if (n !== at || now !== when || program.hasEnded) return;
        process.kill(program.pid, 'SIGKILL');
        throw new Error('killed');
      });
      expect((await program.end()).code).toBeNull();
      lab.faulty.watch = () => undefined;
      tap.watch = () => undefined;
      let { code, output } = await rotate('--resume');
      if (output.includes('No rotation stands still') && (await current()) === from) {
        ({ code, output } = await rotate());
      }
      if (!output.includes('No rotation stands still')) expect([code, output]).toEqual([0, output]);
      const to = await current();
      expect(to).not.toBe(from);
      expect(await usable()).toEqual([to]);
      expect(entries()).toBe(before + 1);
      expect(lab.read('host/url')).toBe((await lab.get())['DATABASE_URL']);
      const { body } = await lab.bao.call('GET', 'kv/data/ofitec-pending/db');
      expect(body.data?.['data']).toMatchObject({ value: null });
    },
  );

  it.each(['down', 'slow', 'denied', 'limited', 'no leader', 'broken'] as const)(
    'says so when Vault is %s in the middle, and goes on afterwards',
    async (fault) => {
      const from = await current();
      const file = lab.read('host/url');
      let befell = false;
      lab.faulty.watch = async ({ method, path }, when) => {
        // From the promotion on Vault is as it is.
        if (befell || method === 'GET' || path !== 'kv/data/ofitec/prod' || when !== 'before')
          return;
        befell = true;
        await lab.faulty.set(fault);
        throw new Error('it begins with this one');
      };
      const { code, output } = await rotate();
      expect([code, output]).toEqual([1, expect.stringMatching(/Vault/)]);
      expect(lab.read('host/url')).toBe(file);
      await lab.faulty.set('none');
      expect(await usable()).toContain(from);
      expect(await rotate()).toMatchObject({
        code: 1,
        output: expect.stringContaining('--resume'),
      });
      expect(await rotate('--resume')).toMatchObject({ code: 0 });
      expect(await usable()).toEqual([await current()]);
    },
  );

  it('is taken back until it is promoted, and not after', async () => {
    const [from, before] = [await current(), entries()];
    const kill = async (state: string): Promise<void> => {
      const program = lab.as('rotator', 'rotate', 'db');
      await program.until(new RegExp(`^${state}`, 'm'));
      await program.end('SIGKILL');
    };
    await kill('TESTED');
    expect(await rotate('--abort')).toMatchObject({ code: 0 });
    expect([await current(), await usable(), entries()]).toEqual([from, [from], before + 1]);
    await kill('PROMOTED');
    expect(await rotate('--abort')).toMatchObject({ code: 1 });
    expect(await rotate('--resume')).toMatchObject({ code: 0 });
  });

  it('lets one rotator at a time work', async () => {
    const old = kernel.clientTo((await lab.get())['DATABASE_URL'] ?? '');
    await old.connect();
    const first = lab.as('rotator', 'rotate', 'db');
    await first.until(/^RENDERED/m);
    for (const args of [[], ['--resume'], ['--abort']]) {
      const says = expect.stringMatching(/rotates it since/);
      expect(await rotate(...args)).toMatchObject({ code: 1, output: says });
    }
    await old.end();
    expect((await first.end()).code).toBe(0);
  });

  it('waits for whoever still uses the old login, and ends nobody', async () => {
    lab.configure(config({ drainSeconds: 1 }));
    const old = kernel.clientTo((await lab.get())['DATABASE_URL'] ?? '');
    await old.connect();
    expect(await rotate()).toMatchObject({
      code: 1,
      output: expect.stringContaining('1 connections of'),
    });
    expect((await old.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await old.end();
    expect(await rotate('--resume')).toMatchObject({ code: 0 });
    lab.configure(config({}));
  });

  it('refuses a login that could do more than the application', async () => {
    const next = (await current()) === LOGINS[1] ? LOGINS[2] : LOGINS[1];
    const superuser = superuserOf(postgres);
    for (const [make, undo, says] of [
      [
        `GRANT ofitec_owner TO ${next}`,
        `REVOKE ofitec_owner FROM ${next}`,
        'is a member of an owner',
      ],
      [`ALTER ROLE ${next} BYPASSRLS`, `ALTER ROLE ${next} NOBYPASSRLS`, 'may do more'],
      [
        `ALTER ROLE ${next} SET role = 'ofitec_owner'`,
        `ALTER ROLE ${next} RESET role`,
        'may do more',
      ],
      [`REVOKE ofitec_app FROM ${next}`, `GRANT ofitec_app TO ${next}`, 'is no member'],
    ] as const) {
      await askPostgres(superuser, make);
      const { code, output } = await rotate('--dry-run');
      await askPostgres(superuser, undo);
      expect([code, output]).toEqual([1, expect.stringContaining(says)]);
    }
  });
});
