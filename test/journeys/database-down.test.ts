import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  alerts,
  DEMO_PASSWORD,
  postgresOf,
  READY,
  runCli,
  runServer,
  signIn,
  startOwnServer,
} from '#test';
import type { Client, OwnServer, Program, Receiver } from '#test';

const LANES = 6;
const ADMIN = ['admin', DEMO_PASSWORD] as const;

/**
 * A real PostgreSQL is killed under load: somebody hears of it while it is down, and it is recorded
 * once when it is back, whatever else is killed meanwhile.
 */
describe('kill -9 of the database under load', () => {
  let postgres: OwnServer;
  let receiver: Receiver;
  let env: Record<string, string>;
  const servers: Program[] = [];

  beforeAll(async () => {
    [postgres, receiver] = await Promise.all([startOwnServer(), alerts.Receiver.open()]);
    env = {
      DATABASE_URL: postgres.urls.application,
      DATABASE_OWNER_URL: postgres.urls.owner,
      OFITEC_HOME: join(postgres.folder, 'home'),
      ALERT_PRIVATE_HOSTS: '127.0.0.1',
      SECRET_KEY: 'of this test only, and long enough to be taken for a key by anybody',
      LOG_LEVEL: 'error',
    };
  }, 120_000);

  afterAll(async () => {
    for (const server of servers) await server.end('SIGTERM');
    await receiver.close();
    await postgres.stop();
  });

  async function start(more: Record<string, string> = {}): Promise<string> {
    const server = runServer({ ...env, ...more });
    servers.push(server);
    return (await server.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
  }

  /** What is kept; a process that is killed while it writes leaves its draft, which nobody reads. */
  const spooled = (): string[] =>
    readdirSync(join(postgres.folder, 'home', 'alerts')).filter((name) => !name.startsWith('.'));

  /** Whether the file says that somebody was told. */
  function isNoted(): boolean {
    const file = join(postgres.folder, 'home', 'alerts', 'database.unavailable.json');
    return existsSync(file) && readFileSync(file, 'utf8').includes('"told"');
  }

  function told(status: string): unknown[] {
    const items = receiver.bodies('/down').flatMap(({ data }) => data.items);
    return items.filter((item: { status: string }) => item.status === status);
  }

  async function alertOf(client: Client, type: string): Promise<Record<string, unknown>> {
    const answer = await client.get(`operational-alerts/alerts?type=${type}`);
    return answer.status === 200 ? (answer.body.items[0] ?? {}) : {};
  }

  /** Requests that reach for the database, until told to stop. */
  function load(clients: readonly Client[]): { stop: () => Promise<number> } {
    const stopping = new AbortController();
    let refused = 0;
    const lane = async (client: Client): Promise<void> => {
      while (!stopping.signal.aborted) {
        const answer = await client.get('sales/services').catch(() => null);
        if (answer?.status === 503) refused += 1;
        if (answer?.status !== 200) await sleep(20);
      }
    };
    const lanes = Array.from({ length: LANES }, (_, n) =>
      lane(clients[n % clients.length] as Client),
    );
    return {
      stop: async () => {
        stopping.abort();
        await Promise.all(lanes);
        return refused;
      },
    };
  }

  it('is told within seconds by one of two processes, and recorded once on return', async () => {
    const urls = [await start(), await start({ OFITEC_WORKER: 'separate' })];
    const admin = await signIn(urls[0] ?? '', ...ADMIN);
    const created = await admin.post('operational-alerts/subscriptions', {
      ...{ name: 'guardia', channel: 'webhook', address: `${receiver.url}/down` },
      ...{ types: ['database.unavailable', 'backup.missing'], groupWaitSeconds: 0 },
    });
    expect(created.status).toBe(201);
    // The other process would learn of the subscription within a minute; started anew it does at once.
    await servers.pop()?.end('SIGTERM');
    urls[1] = await start({ OFITEC_WORKER: 'separate' });
    const clients = await Promise.all(urls.map((url) => signIn(url, ...ADMIN)));
    await sleep(2_000);

    const requests = load(clients);
    await sleep(300);
    const killedAt = Date.now();
    postgres.kill();
    await alerts.eventually(() => told('firing').length > 0, 'nobody was told');
    const elapsedMs = Date.now() - killedAt;
    expect(elapsedMs).toBeLessThan(5_000);
    expect(told('firing')[0]).toMatchObject({
      ...{ type: 'database.unavailable', severity: 'critical', again: false },
      runbook: 'runbooks/playbooks/database_unavailable.md',
    });

    const check = await runCli(['alerts', 'check', '--minutes', '60'], env);
    expect(check.code).toBe(2);
    expect(check.output).toMatch(/^OFITEC ALERTS CRITICAL - 1 critical.*DATABASE DOWN/);
    expect(check.output).toMatch(/critical +spooled +database\.unavailable/);
    const raised = await runCli(
      ['alerts', 'raise', '--type', 'backup.missing', '--key', 'nightly', '--label', 'no dump'],
      env,
    );
    expect([raised.code, raised.output]).toEqual([0, raised.output]);
    expect(postgresOf(postgres.folder)).toBeNull();
    await sleep(1_500);

    await postgres.restart();
    await alerts.eventually(
      async () => (await alertOf(admin, 'database.unavailable'))['state'] === 'resolved',
      'not resolved by itself',
    );
    expect(await requests.stop()).toBeGreaterThan(0);
    const alert = await alertOf(admin, 'database.unavailable');
    expect(alert).toMatchObject({ occurrences: 1, regressions: 0, resolvedBy: null });
    expect(Math.abs(Date.parse(String(alert['firstSeenAt'])) - killedAt)).toBeLessThan(5_000);
    await alerts.eventually(() => told('resolved').length === 1, 'the end was not told');
    await alerts.eventually(() => told('firing').length === 2, 'the backup was not told');
    expect(told('firing').map((item) => (item as { type: string }).type)).toEqual([
      ...['database.unavailable', 'backup.missing'],
    ]);
    expect(await alertOf(admin, 'backup.missing')).toMatchObject({
      occurrences: 1,
      label: 'no dump',
    });
    await alerts.eventually(() => spooled().length === 0, 'the spool is not empty');
    const opened = await admin.get('audit/events?action=alert.opened&limit=200');
    expect(opened.body.items).toHaveLength(2);
  }, 120_000);

  it('is recorded once although every process that saw it was killed, too', async () => {
    const before = told('firing').length;
    const [survivor] = servers;
    const requests = load([
      await signIn(
        (await survivor?.until(READY))?.[1]?.replace('localhost', '127.0.0.1') ?? '',
        ...ADMIN,
      ),
    ]);
    postgres.kill();
    await alerts.eventually(() => told('firing').length > before && isNoted());
    for (const server of servers.splice(0)) await server.end('SIGKILL');
    await requests.stop();
    expect(spooled()).toEqual(['database.unavailable.json']);
    const alone = await runCli(['alerts', 'check', '--json'], env);
    expect(alone.code).toBe(2);
    expect(JSON.parse(alone.output)).toMatchObject({
      ...{ status: 'CRITICAL', database: { status: 'down' }, counts: { critical: 1 } },
    });

    await postgres.restart();
    const admin = await signIn(await start(), ...ADMIN);
    await alerts.eventually(
      async () => (await alertOf(admin, 'database.unavailable'))['occurrences'] === 2,
      'not recorded',
    );
    await alerts.eventually(() => spooled().length === 0, 'the spool is not empty');
    await sleep(6_000);
    expect(await alertOf(admin, 'database.unavailable')).toMatchObject({
      ...{ occurrences: 2, regression: true, state: 'open' },
    });
    // It was told directly: the record of it is no news.
    expect(told('firing')).toHaveLength(before + 1);
  }, 120_000);
});
