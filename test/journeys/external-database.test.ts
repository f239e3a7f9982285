import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  chooseOwnPassword,
  dropDatabase,
  enrolApp,
  kernel,
  makeDatabase,
  openSession,
  READY,
  runCli,
  runServer,
  shippedAddons,
  takeOrder,
  waitsForLock,
} from '#test';
import type { TestUrls } from '#test';

// Each starts processes one after the other, for seconds each where the machine is busy.
jest.setTimeout(240_000);

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
    await waitsForLock(urls.superuser);
    const ending = server.end('SIGTERM');
    await sleep(500);
    await rival.query('ROLLBACK');
    await rival.end();
    expect((await paying).status).toBe(201);
    expect((await ending).code).toBe(0);
  });

  it('is not migrated by code that is older than itself, nor served after what contracts', async () => {
    const rival = new Connection({ connectionString: urls.owner });
    await rival.connect();
    // As a release that contracts leaves it, and then as one that only expands: over that one the older code serves.
    const install = (from: string): Promise<unknown> =>
      rival.query(
        `UPDATE kernel_addon SET version = '9.0.0', serves_from = $1 WHERE name = 'sales'`,
        [from],
      );
    await install('9.0.0');
    // Brought in by release 9.0.0, and asking what this code does not know how to do.
    const bring = (asks: string): Promise<unknown> =>
      rival.query(
        `INSERT INTO kernel_addon (name, version, installed_at, depends, absence) VALUES ('novelty', '9.1.0', now(),
           '{sales}', jsonb_build_object('since', '9.0.0', 'hears', '[]'::jsonb, 'asks', $1::jsonb))
         ON CONFLICT (name) DO UPDATE SET absence = excluded.absence`,
        [asks],
      );
    await bring('["trigger novelty_guard on sales_order"]');
    const server = await runServer(env()).end();
    expect(server.output).toContain('addon sales is installed as 9.0.0, newer than the code');
    expect(server.output).toContain(
      'nobody serves without it: trigger novelty_guard on sales_order',
    );
    const migrated = await runCli(['migrate'], env());
    expect([migrated.code, migrated.output]).toEqual([
      1,
      expect.stringContaining('newer than this code'),
    ]);
    await install('0.1.0');
    await bring('["deliveries"]');
    const older = runServer({ ...env(), LOG_LEVEL: 'warn' });
    await older.until(READY);
    const { code, output } = await older.end('SIGTERM');
    expect(code).toBe(0);
    const told = 'addon novelty 9.1.0 came with release 9.0.0; this older code serves without it';
    expect(output.split(told)).toHaveLength(2);
    const again = await runCli(['migrate'], env());
    expect([again.code, again.output]).toEqual([
      0,
      expect.stringContaining('sales: is 9.0.0 already, which serves this code too'),
    ]);
    await rival.query(`DELETE FROM kernel_addon WHERE name = 'novelty'`);
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
      'payments_cash_session, payments_cut_restatement, payments_daily_cut, payments_entry, payments_payment, payments_prepaid_account, payments_prepaid_entry, payments_ledger',
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
