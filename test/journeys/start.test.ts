import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  chooseOwnPassword,
  codeOf,
  dropDatabase,
  enrolApp,
  kernel,
  makeDatabase,
  openSession,
  postgresOf,
  READY,
  runCli,
  runServer,
  shippedAddons,
  shop,
  signIn,
  takeOrder,
} from '#test';
import type { TestUrls } from '#test';

const PASSWORD = 'tal cual, sin más';

/** An operator starts the house on its embedded database, and it is there after whatever happened. */
describe('the embedded house', () => {
  let home: string;
  /** Of an authenticator app, enrolled at the first start. */
  let secret: string;
  const env = (): Record<string, string> => ({ OFITEC_HOME: home, OFITEC_DEMO_PASSWORD: PASSWORD });

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'ofitec-home-'));
    chmodSync(home, 0o755);
  });

  afterAll(() => rmSync(home, { recursive: true, force: true }));

  async function addressOf(server: {
    until(p: RegExp): Promise<RegExpExecArray>;
  }): Promise<string> {
    return (await server.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
  }

  it('starts from nothing, tells where it is, and ends with everything it started', async () => {
    const server = runServer(env());
    const url = await addressOf(server);
    expect(server.output).toContain('payments: applies');
    expect(server.output).toContain(`Docs    ${url.replace('127.0.0.1', 'localhost')}/docs`);
    expect(server.output).toContain(`Password of all of them: ${PASSWORD}`);
    expect(statSync(join(home, 'demo-password.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, 'database-passwords.json')).mode & 0o777).toBe(0o600);
    for (const login of ['admin', 'encargada', 'vendedora', 'vendedora.norte', 'contador']) {
      await signIn(url, login, PASSWORD);
    }
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    ({ secret } = await enrolApp(await signIn(url, 'contador', PASSWORD), new Date()));
    expect(statSync(join(home, 'secret-key.json')).mode & 0o777).toBe(0o600);
    expect(postgresOf(home)).not.toBeNull();
    const { code } = await server.end('SIGTERM');
    expect(code).toBe(0);
    expect(postgresOf(home)).toBeNull();
  });

  it('is ready again without migrating or showing the password, and Ctrl-C stops it', async () => {
    const server = runServer({ OFITEC_HOME: home });
    const url = await addressOf(server);
    expect(server.output).toContain('Database is up to date');
    expect(server.output).not.toContain(PASSWORD);
    await signIn(url, 'admin', PASSWORD);
    // Sealed with the home's own key, which is the same as before.
    const contador = await signIn(url, 'contador', PASSWORD);
    const next = codeOf(secret, new Date(Date.now() + 30_000));
    expect((await contador.post('auth/totp/verify', { code: next })).status).toBe(200);
    const { code } = await server.end('SIGINT');
    expect(code).toBe(0);
    expect(postgresOf(home)).toBeNull();
  });

  it('refuses a second start on one home with a clear line, and the first goes on', async () => {
    const first = runServer(env());
    const url = await addressOf(first);
    const second = await runServer(env()).end();
    expect(second.code).toBe(1);
    expect(second.output).toContain(`Another OFITEC (process ${first.pid}) runs on ${home}`);
    expect(second.output).not.toMatch(/ at .*\.js:/);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const listed = await runCli(['addon', 'list', '--json'], env());
    expect(listed.code).toBe(0);
    expect((JSON.parse(listed.output) as { name: string }[]).map(({ name }) => name)).toContain(
      'sales',
    );
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    await first.end('SIGTERM');
  });

  it('finds every acknowledged order after kill -9, and adopts the PostgreSQL left running', async () => {
    const killed = runServer(env());
    const vendedora = await signIn(await addressOf(killed), 'vendedora', PASSWORD);
    const centro = await shop(vendedora);
    await openSession(vendedora, centro.registerIds[0] ?? '');
    const acknowledged: string[] = [];
    const taking = Promise.allSettled(
      Array.from({ length: 60 }, async () => {
        const { id } = await takeOrder(vendedora, centro, 1);
        acknowledged.push(id);
        if (acknowledged.length === 25) process.kill(killed.pid, 'SIGKILL');
      }),
    );
    await killed.end();
    await taking;
    const left = postgresOf(home);
    expect(left).not.toBeNull();
    expect(acknowledged.length).toBeGreaterThanOrEqual(25);

    const server = runServer(env());
    const again = await signIn(await addressOf(server), 'vendedora', PASSWORD);
    expect(postgresOf(home)).toBe(left);
    const stored = (await again.get('sales/orders?limit=200')).body.items as {
      id: string;
      number: number;
    }[];
    expect(stored.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
    const numbers = stored.map(({ number }) => number).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    await server.end('SIGTERM');
    expect(postgresOf(home)).toBeNull();
  });

  it('recovers when PostgreSQL itself was killed with it', async () => {
    const killed = runServer(env());
    await addressOf(killed);
    const postgres = postgresOf(home) ?? 0;
    process.kill(killed.pid, 'SIGKILL');
    process.kill(postgres, 'SIGKILL');
    await killed.end();
    const server = runServer(env());
    await addressOf(server);
    expect(postgresOf(home)).not.toBe(postgres);
    await server.end('SIGTERM');
  });

  it('runs the operator’s command on a home at rest, and leaves it at rest', async () => {
    const listed = await runCli(['addon', 'list'], env());
    expect(listed.code).toBe(0);
    const lines = listed.output.trim().split('\n');
    expect(lines[0]).toMatch(/^name +installed +code +depends +summary$/);
    expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual([
      ...['audit', 'auth', 'base', 'operational-alerts', 'payments', 'sales'],
      ...['security-csp', 'sii-connector', 'treasury', 'warehouse'],
    ]);
    expect(postgresOf(home)).toBeNull();
  });
});

/** With an external database nothing happens unless the operator says so. */
describe('an external database', () => {
  const randomKey = randomBytes(48).toString('base64url');
  let name: string;
  let urls: TestUrls;
  const env = (): Record<string, string> => ({
    DATABASE_URL: urls.application,
    DATABASE_OWNER_URL: urls.owner,
    SECRET_KEY: randomKey,
    LOG_LEVEL: 'error',
  });

  beforeAll(async () => {
    name = `external_${randomBytes(6).toString('hex')}`;
    urls = await makeDatabase(name, 'empty');
  });

  afterAll(() => dropDatabase(name));

  it('is not migrated by the server', async () => {
    const { code, output } = await runServer(env()).end();
    expect(code).toBe(1);
    expect(output).toContain('the database was never migrated; run: ofitec migrate');
  });

  it('is migrated and given its first company and administrator by commands', async () => {
    const migrated = await runCli(['migrate', '--json'], env());
    const all = [kernel.kernelAddon, ...shippedAddons].flatMap(({ migrations }) => migrations);
    expect([migrated.code, JSON.parse(migrated.output)]).toEqual([
      0,
      { applied: all.length, state: 'up to date' },
    ]);
    const again = await runCli(['migrate', '--json'], env());
    expect(JSON.parse(again.output)).toEqual({ applied: 0, state: 'up to date' });
    const wrong = await runCli(
      ['base', 'create-company', '--rut', '76123456-1', '--name', 'X', '--admin', 'jefa'],
      env(),
    );
    expect(wrong.code).toBe(1);
    expect(wrong.output).toContain('rut is no RUT with a valid check character');
    const made = await runCli(
      [
        'base',
        'create-company',
        '--rut',
        '76.123.456-0',
        '--name',
        'Lavandería Uno',
        '--admin',
        'jefa',
        '--json',
      ],
      env(),
    );
    expect(JSON.parse(made.output)).toMatchObject({ rut: '76123456-0', admin: 'jefa' });
    const reset = await runCli(['auth', 'reset-password', '--login', 'jefa', '--json'], env());
    const { password } = JSON.parse(reset.output) as { password: string };

    const server = runServer(env());
    const url = (await server.until(READY))[1] ?? '';
    expect(server.output).not.toContain('demo');
    const jefa = await chooseOwnPassword(url.replace('localhost', '127.0.0.1'), 'jefa', password);
    expect((await jefa.get('base/company')).body.code).toBe('auth.totp-enrolment-needed');
    await enrolApp(jefa, new Date());
    expect((await jefa.get('base/company')).body).toMatchObject({ name: 'Lavandería Uno' });
    expect((await jefa.get('sales/services')).body.items).toEqual([]);
    await server.end('SIGTERM');
  });

  it('founds a company whole or not at all', async () => {
    const found = (rut: string, admin: string): ReturnType<typeof runCli> =>
      runCli(['base', 'create-company', '--rut', rut, '--name', 'Otra', '--admin', admin], env());
    const misnamed = await found('96543210-8', 'Ana María');
    expect([misnamed.code, misnamed.output.trim()]).toEqual([
      1,
      'The request is malformed: login does not have the expected form',
    ]);
    const taken = await found('96543210-8', 'jefa');
    expect(taken.code).toBe(1);
    const twice = await found('76123456-0', 'otra');
    expect(twice.code).toBe(1);
    const good = await found('96543210-8', 'otra');
    expect([good.code, good.output]).toEqual([0, expect.stringContaining('96543210-8')]);
  });

  it('lets a payment in flight finish when it is told to end', async () => {
    const server = runServer(env());
    const url = ((await server.until(READY))[1] ?? '').replace('localhost', '127.0.0.1');
    const reset = await runCli(['auth', 'reset-password', '--login', 'otra', '--json'], env());
    const { password } = JSON.parse(reset.output) as { password: string };
    const admin = await chooseOwnPassword(url, 'otra', password);
    await enrolApp(admin, new Date());
    const branch = await admin.post('base/branches', { code: 'UNO', name: 'Uno' });
    const branchId = String(branch.body.id);
    const register = await admin.post('base/registers', { branchId, code: 'U1', name: 'Caja' });
    await openSession(admin, String(register.body.id));
    const service = await admin.post('sales/services', { code: 'X', name: 'X', price: 1_000 });
    const services = { X: String(service.body.id) };
    const order = await takeOrder(admin, { branchId, registerIds: [], services }, 1, 'X');

    const rival = new Connection({ connectionString: urls.owner });
    await rival.connect();
    await rival.query('BEGIN');
    await rival.query('SELECT 1 FROM sales_order WHERE id = $1 FOR UPDATE', [order.id]);
    const paying = admin.pay('payments/payments', {
      orderId: order.id,
      method: 'cash',
      amount: 1_000,
    });
    await sleep(300);
    const ending = server.end('SIGTERM');
    await sleep(500);
    await rival.query('ROLLBACK');
    await rival.end();
    expect((await paying).status).toBe(201);
    expect((await ending).code).toBe(0);
  });

  it('is not migrated by code that is older than itself', async () => {
    const rival = new Connection({ connectionString: urls.owner });
    await rival.connect();
    await rival.query(`UPDATE kernel_addon SET version = '9.0.0' WHERE name = 'sales'`);
    const server = await runServer(env()).end();
    expect(server.output).toContain('addon sales is installed as 9.0.0, newer than the code');
    const migrated = await runCli(['migrate'], env());
    expect([migrated.code, migrated.output]).toEqual([
      1,
      expect.stringContaining('newer than this code'),
    ]);
    await rival.query(`UPDATE kernel_addon SET version = '0.1.0' WHERE name = 'sales'`);
    await rival.end();
  });

  it('is refused as a role that owns tables, each fault on its line', async () => {
    const { code, output } = await runServer({ ...env(), DATABASE_URL: urls.owner }).end();
    expect(code).toBe(1);
    expect(output).toContain('  - role ofitec_owner owns tables');
    expect(output).toContain('  - role ofitec_owner may create tables');
  });

  it('loses and regains an addon: refused while needed, tables kept, purged into files', async () => {
    const home = mkdtempSync(join(tmpdir(), 'ofitec-purge-'));
    const cli = (...args: string[]): ReturnType<typeof runCli> =>
      runCli(['addon', ...args], { ...env(), OFITEC_HOME: home });
    const needed = await cli('uninstall', 'sales');
    expect([needed.code, needed.output.trim()]).toEqual([
      1,
      'Addon sales stays: payments, sii-connector, warehouse depend on it.',
    ]);
    expect((await cli('uninstall', 'nothing')).output).toContain('Addon nothing is not installed.');

    const kept = await cli('uninstall', 'security-csp', '--json');
    expect(JSON.parse(kept.output)).toMatchObject({
      uninstalled: 'security-csp',
      tables: expect.stringContaining('kept'),
    });
    const gone = runServer(env());
    const url = (await gone.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
    expect((await fetch(`${url}/api/v1/security-csp/apps`)).status).toBe(404);
    await gone.end('SIGTERM');
    expect(JSON.parse((await cli('install', 'security-csp', '--json')).output)).toMatchObject({
      installed: 'security-csp',
    });

    for (const addon of ['treasury', 'warehouse']) {
      expect((await cli('uninstall', addon, '--json')).code).toBe(0);
    }
    const purged = await cli('uninstall', 'payments', '--purge', '--json');
    const { dropped, written } = JSON.parse(purged.output) as { dropped: string; written: string };
    expect(dropped).toBe(
      'payments_cash_session, payments_daily_cut, payments_entry, payments_payment, payments_prepaid_account, payments_prepaid_entry, payments_ledger',
    );
    for (const file of written.split(', ')) expect(statSync(file).mode & 0o777).toBe(0o600);
    const upgraded = await cli('upgrade', '--json');
    expect(JSON.parse(upgraded.output)).toMatchObject({
      migrations: 0,
      upgraded: 'audit, auth, base, operational-alerts, sales, security-csp, sii-connector',
    });
    const back = await cli('install', 'payments', '--json');
    expect(JSON.parse(back.output)).toMatchObject({ installed: 'payments' });
    rmSync(home, { recursive: true, force: true });
  });

  it('prints help for every part of the command', async () => {
    const parts = [[], ['migrate'], ['config'], ['addon'], ['addon', 'list'], ['addon', 'install']];
    const more = [
      ['addon', 'upgrade'],
      ['addon', 'uninstall'],
      ['base', 'create-company'],
      ['auth', 'reset-password'],
      ['f29', 'import'],
      ['auth', 'remove-totp'],
    ];
    const helps = await Promise.all(
      [...parts, ...more].map((part) => runCli([...part, '--help'], env())),
    );
    for (const { code, output } of helps) {
      expect(code).toBe(0);
      expect(output).toContain('Usage: ofitec');
    }
  });
});
