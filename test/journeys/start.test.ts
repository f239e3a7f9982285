import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  codeOf,
  enrolApp,
  openSession,
  postgresOf,
  READY,
  runCli,
  runServer,
  shop,
  signIn,
  takeOrder,
} from '#test';

const PASSWORD = 'tal cual, sin más';

// Each starts processes one after the other, for seconds each where the machine is busy.
jest.setTimeout(240_000);

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
