import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  askPostgres,
  kernel,
  letRotate,
  PostgresTap,
  SecretsLab,
  superuserOf,
  TillLoad,
  usableLogins,
} from '#test';
import type { Ended, OwnServer, Program } from '#test';

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
    ({ lab, postgres } = await SecretsLab.beside());
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

  const usable = (): Promise<string[]> => usableLogins(lab.bao);

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

  it('reads no administrator’s URL that everybody may read, and says what is to be done', async () => {
    chmodSync(lab.file('admin-url'), 0o644);
    const { code, output } = await rotate('--dry-run');
    chmodSync(lab.file('admin-url'), 0o600);
    expect([code, output]).toEqual([1, expect.stringMatching(/admin-url may be .*chmod 600/)]);
    expect(output).not.toContain('postgres://');
  });

  async function serve(urlFile: string): Promise<string> {
    const { server, url } = await lab.serve(urlFile);
    programs.push(server);
    return url;
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
    const load = await TillLoad.at(url, 4);
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
    await load.stop();
    const { counts } = load;
    process.stderr.write(`${JSON.stringify(counts)}\n`);
    expect(Object.keys(counts).sort()).toEqual(['200', '201']);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(50);
    expect((await lab.get())['OTHER']).toBe('stays');
    expect(entries()).toBe(2);
    for (const program of programs.splice(0)) await program.end('SIGTERM');
    lab.configure(config({}));
  }, 240_000);

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
      const env = { ...lab.signedInAs('rotator'), VAULT_CLIENT_TIMEOUT: '3' };
      const { code, output } = await lab.start(['rotate', 'db'], env).end();
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
    await lab.rotateUntil('TESTED', 'db');
    // Whoever works with the new login already is ended with it: a session outlives its password.
    const next = new URL((await lab.get())['DATABASE_URL'] ?? '');
    next.username = String((await lab.get('kv/data/ofitec-rotation/db'))['to']);
    next.password = String((await lab.get('kv/data/ofitec-pending/db'))['value']);
    const held = kernel.clientTo(next.href);
    const ended = new Promise((resolve) => held.once('end', resolve));
    held.on('error', () => undefined);
    await held.connect();
    expect(await rotate('--abort')).toMatchObject({ code: 0 });
    await ended;
    expect([await current(), await usable(), entries()]).toEqual([from, [from], before + 1]);
    await lab.rotateUntil('PROMOTED', 'db');
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

  /** Freezes a rotator where it asks for the new value so often, and lets another one finish. */
  it.each([1, 2, 3])('one thought dead at its look %i changes nothing any more', async (look) => {
    const before = entries();
    let looks = 0;
    const over = Promise.withResolvers<void>();
    const frozen = new Promise<void>((resolve) => {
      lab.faulty.watch = async ({ method, path }, when) => {
        if (method !== 'GET' || path !== 'kv/data/ofitec-pending/db' || when !== 'before') return;
        looks += 1;
        if (looks !== look) return;
        first.signal('SIGSTOP');
        resolve();
        await over.promise;
      };
    });
    const first = lab.as('rotator', 'rotate', 'db');
    await frozen;
    // After a quarter of an hour of silence another host takes over.
    const lock = 'kv/data/ofitec-rotation/lock-db';
    await lab.put({ ...(await lab.get(lock)), host: 'another', place: 'another' }, lock);
    lab.faulty.aheadSeconds = 1_000;
    expect(await rotate('--resume')).toMatchObject({ code: 0 });
    lab.faulty.aheadSeconds = 0;
    const [journal, data] = [await lab.get('kv/data/ofitec-rotation/db'), await lab.get()];
    first.signal('SIGCONT');
    over.resolve();
    const { code, output } = await first.end();
    expect([code, output]).toEqual([1, expect.stringContaining('somebody else wrote it')]);
    expect([await lab.get('kv/data/ofitec-rotation/db'), await lab.get()]).toEqual([journal, data]);
    expect([entries(), await usable()]).toEqual([before + 1, [await current()]]);
  });

  it('promotes nothing before the canary works, and waits for the grace', async () => {
    const from = await current();
    const nowhere = 'http://127.0.0.1:1/health/ready';
    const canary = { file: lab.file('host/canary-url'), readyUrl: nowhere };
    lab.configure(config({ canary }));
    const rotator = lab.as('rotator', 'rotate', 'db');
    await rotator.until(/^STAGED/m);
    // It looks twice a second.
    await sleep(1_500);
    expect([await current(), rotator.hasEnded]).toEqual([from, false]);
    expect(new URL(lab.read('host/url')).username).toBe(from);
    await rotator.end('SIGKILL');
    lab.configure(config({ graceSeconds: 2 }));
    const { code, output } = await rotate('--resume');
    expect(code).toBe(0);
    expect(Number(/^DRAINED +([\d.]+) s/m.exec(output)?.[1])).toBeGreaterThanOrEqual(2);
    lab.configure(config({}));
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
