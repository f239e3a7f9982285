import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  alerts,
  dropDatabase,
  House,
  kernel,
  makeDatabase,
  openSession,
  READY,
  run,
  runServer,
  scrape,
  shop,
  until,
  waitsForLock,
  Wire,
} from '#test';

const TOKEN = randomBytes(24).toString('base64url');

type Scraped = Awaited<ReturnType<typeof scrape>>;

/** What an operator's Prometheus reads. */
describe('metrics', () => {
  let house: House;

  beforeAll(async () => {
    house = await House.open({ METRICS_TOKEN: TOKEN });
  });

  /** Waits until a scrape says so: what it tells of the database is a second old at most. */
  async function seen(isSo: (now: Scraped) => boolean): Promise<Scraped> {
    let now = await scrape(house, TOKEN);
    await until('a scrape says so', async () => {
      if (!isSo(now)) now = await scrape(house, TOKEN);
      return isSo(now);
    });
    return now;
  }

  it('are for whoever has the token, and for nobody else', async () => {
    for (const authorization of [undefined, 'Bearer', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
      const headers: Record<string, string> = authorization ? { authorization } : {};
      const answer = await house.nobody.raw('get', '/metrics', undefined, headers);
      expect([authorization, answer.status, answer.text.includes('ofitec_')]).toEqual([
        ...[authorization, 401, false],
      ]);
    }
    const admin = await house.as('admin');
    expect((await admin.raw('get', '/metrics')).status).toBe(401);
    const headers = { authorization: `Bearer ${TOKEN}`, host: 'some.name.of.the.scraper' };
    const answer = await house.nobody.raw('get', '/metrics', undefined, headers);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('are not there at all while no variable turns them on', async () => {
    const off = await House.open();
    const answer = await off.nobody.raw('get', '/metrics', undefined, { authorization: 'Bearer ' });
    expect(answer.status).toBe(404);
    await off.close();
  });

  it('count and time requests by route template, however many paths are asked for', async () => {
    const before = await scrape(house, TOKEN);
    const admin = await house.as('admin');
    for (let n = 0; n < 30; n += 1) {
      await admin.raw('get', `/nowhere/${n}`);
      await admin.get(`sales/orders/${kernel.newId()}`);
    }
    await house.nobody.get('sales/orders');
    const after = await scrape(house, TOKEN);
    const requests = (labels: Record<string, string>): number =>
      (after.value('ofitec_http_requests_total', labels) ?? 0) -
      (before.value('ofitec_http_requests_total', labels) ?? 0);
    expect(requests({ method: 'GET', route: 'unknown', status: '404' })).toBe(30);
    expect(requests({ method: 'GET', route: '/api/v1/sales/orders/:id', status: '404' })).toBe(30);
    expect(requests({ method: 'GET', route: '/api/v1/sales/orders', status: '401' })).toBe(1);
    const timed = { method: 'GET', route: 'unknown' };
    expect(after.value('ofitec_http_request_duration_seconds_count', timed)).toBeGreaterThanOrEqual(
      30,
    );
    expect(after.value('ofitec_http_request_duration_seconds_sum', timed)).toBeGreaterThan(0);
    const routes = new Set(
      after.all('ofitec_http_requests_total').map(({ labels }) => labels['route']),
    );
    expect([...routes].filter((route) => /nowhere|[0-9a-f]{8}-/.test(route ?? ''))).toEqual([]);
    expect(after.value('ofitec_http_requests_in_flight')).toBe(1);
  });

  it('count what was no request, and lose no request that was abandoned', async () => {
    const { port } = new URL(house.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('rubbish\r\n\r\n'));
      socket.on('data', () => undefined).on('close', () => resolve());
    });
    expect((await fetch(`${house.url}/api/v1/sales/orders/%zz`)).status).toBe(400);
    const rival = new Connection({ connectionString: house.urls.owner });
    await rival.connect();
    await rival.query('BEGIN; LOCK TABLE sales_service IN ACCESS EXCLUSIVE MODE');
    const admin = await house.as('admin');
    const abandoned = new AbortController();
    const asked = fetch(`${house.url}/api/v1/sales/services`, {
      headers: { authorization: `Bearer ${admin.token}` },
      signal: abandoned.signal,
    }).catch(() => undefined);
    await waitsForLock(house.urls.superuser);
    abandoned.abort();
    await asked;
    await rival.end();
    const abandoned499 = { method: 'GET', route: '/api/v1/sales/services', status: '499' };
    const after = await seen(
      (now) => now.value('ofitec_http_requests_total', abandoned499) !== null,
    );
    expect(after.value('ofitec_http_requests_total', abandoned499)).toBe(1);
    expect(after.value('ofitec_http_unreadable_total')).toBe(2);
    expect(after.value('ofitec_http_requests_in_flight')).toBe(1);
  });

  it('time transactions by outcome and count those that began again', async () => {
    const before = await scrape(house, TOKEN);
    const database = house.app.get(kernel.Database);
    let tries = 0;
    await database.transaction(async () => {
      tries += 1;
      if (tries < 3) throw Object.assign(new Error('deadlock'), { code: '40P01' });
    });
    await expect(
      database.transaction(async () => {
        throw new Error('on purpose');
      }),
    ).rejects.toThrow('on purpose');
    const after = await scrape(house, TOKEN);
    const grown = (name: string, labels: Record<string, string>): number =>
      (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
    const count = 'ofitec_database_transaction_duration_seconds_count';
    // The house has transactions of its own beside: once a minute it learns who is to be told of alerts.
    expect(grown(count, { kind: 'ordinary', outcome: 'committed' })).toBeGreaterThanOrEqual(1);
    expect(grown(count, { kind: 'ordinary', outcome: 'rolled_back' })).toBe(1);
    expect(grown('ofitec_database_transaction_retries_total', { reason: 'deadlock' })).toBe(2);
    expect(after.value('ofitec_database_pool_limit')).toBe(10);
    expect(after.value('ofitec_database_pool_waiting')).toBe(0);
    expect(after.value('ofitec_database_pool_connections', { state: 'idle' })).toBeGreaterThan(0);
  });

  it('tell of the queue, its worker, its deliveries, and of readiness check by check', async () => {
    const waiting = await scrape(house, TOKEN);
    expect(waiting.value('ofitec_queue_pending_events')).toBeGreaterThan(0);
    expect(waiting.value('ofitec_queue_oldest_pending_seconds')).toBeGreaterThan(0);
    expect(waiting.value('ofitec_worker_silent_seconds')).toBeNull();
    expect(waiting.value('ofitec_ready')).toBe(1);
    expect(waiting.value('ofitec_draining')).toBe(0);
    expect(waiting.value('ofitec_health_check', { check: 'database' })).toBe(1);
    const worker = house.app.get(kernel.Worker);
    await worker.start(house.urls.application);
    const done = await seen(
      (now) =>
        now.value('ofitec_queue_pending_events') === 0 && now.value('ofitec_queue_due_jobs') === 0,
    );
    expect(done.value('ofitec_queue_oldest_due_seconds')).toBe(0);
    expect(done.value('ofitec_queue_failed_jobs')).toBe(0);
    expect(done.value('ofitec_worker_silent_seconds')).toBeLessThan(60);
    await worker.stop();
  });

  it('tell of the event loop, garbage collection, the process and the build', async () => {
    const now = await scrape(house, TOKEN);
    for (const name of [
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_gc_duration_seconds_count',
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'process_open_fds',
    ]) {
      expect([name, now.all(name).length > 0]).toEqual([name, true]);
    }
    const [build] = now.all('ofitec_build_info');
    expect(build?.labels).toEqual({
      version: '0.1.0',
      release: '0.1.0',
      node: process.versions.node,
    });
  });

  it('tell of open sessions and differences over all companies, and of nobody by name', async () => {
    const before = await scrape(house, TOKEN);
    expect(before.value('ofitec_payments_unclosed_cash_sessions', { state: 'open' })).toBe(0);
    const [vendedora, norte] = await Promise.all([
      house.as('vendedora'),
      house.as('vendedora.norte'),
    ]);
    const centro = await shop(vendedora);
    const north = await shop(norte, 'NORTE');
    const short = await openSession(vendedora, centro.registerIds[0] ?? '', 20_000);
    const over = await openSession(norte, north.registerIds[0] ?? '', 20_000);
    const sessions = 'ofitec_payments_unclosed_cash_sessions';
    await seen((now) => now.value(sessions, { state: 'open' }) === 2);
    await vendedora.post(`payments/cash-sessions/${short}/close`, { countedAmount: 19_300 });
    await norte.post(`payments/cash-sessions/${over}/close`, { countedAmount: 20_150 });
    const closed = await seen((now) => now.value(sessions, { state: 'open' }) === 0);
    const difference = 'ofitec_payments_cash_difference_today_pesos';
    expect(closed.value(difference, { direction: 'short' })).toBe(700);
    expect(closed.value(difference, { direction: 'over' })).toBe(150);
    const unresolved = 'ofitec_operational_alerts_unresolved';
    const critical = { severity: 'critical', state: 'open' };
    expect(closed.value(unresolved, critical)).toBe(0);
    await alerts.occur(house, 'disk.low', 'one');
    await alerts.occur(house, 'disk.low', 'two');
    const alarmed = await seen((now) => now.value(unresolved, critical) === 2);
    expect(alarmed.value(unresolved, { ...critical, state: 'acknowledged' })).toBe(0);
    expect(closed.text).not.toMatch(/vendedora|Lavander|127\.0\.0\.1|[0-9a-f]{8}-[0-9a-f]{4}-/);
  });
});

/** The database goes away; the scrape does not. */
describe('metrics without a database', () => {
  it.each(['cut', 'freeze'] as const)(
    'answer in time over a %s wire, the business absent',
    async (harm) => {
      const name = `metrics_${randomBytes(6).toString('hex')}`;
      const urls = await makeDatabase(name, 'demo');
      const wire = await Wire.to(Number(new URL(urls.application).port));
      const house = await House.over(
        name,
        { ...urls, application: wire.url(urls.application) },
        { METRICS_TOKEN: TOKEN },
      );
      const whole = await scrape(house, TOKEN);
      expect(whole.all('ofitec_payments_unclosed_cash_sessions')).toHaveLength(2);
      wire[harm]();
      await sleep(1_100);
      const asked = performance.now();
      const away = await scrape(house, TOKEN);
      expect((performance.now() - asked) / 1_000).toBeLessThan(9);
      expect(away.all('ofitec_payments_unclosed_cash_sessions')).toEqual([]);
      expect(away.all('ofitec_payments_cash_difference_today_pesos')).toEqual([]);
      expect(away.all('ofitec_queue_pending_events')).toEqual([]);
      expect(away.value('ofitec_scrape_errors_total', { source: 'gauges' })).toBe(1);
      expect(away.value('ofitec_scrape_errors_total', { source: 'queue' })).toBe(1);
      expect(away.value('ofitec_ready')).toBe(0);
      expect(away.value('ofitec_health_check', { check: 'database' })).toBe(0);
      expect(away.all('process_resident_memory_bytes')).toHaveLength(1);
      wire.mend();
      await until('it is ready, with its business', async () => {
        const back = await scrape(house, TOKEN);
        const sessions = back.all('ofitec_payments_unclosed_cash_sessions');
        return back.value('ofitec_ready') === 1 && sessions.length === 2;
      });
      await house.close();
      await wire.close();
    },
  );
});

/** A listener of its own, of the server and of the worker. */
describe('the port of METRICS_BIND', () => {
  let name: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    name = `watch_${randomBytes(6).toString('hex')}`;
    const urls = await makeDatabase(name, 'demo');
    const { application, owner } = urls;
    env = { DATABASE_URL: application, DATABASE_OWNER_URL: owner, METRICS_BIND: '127.0.0.1:0' };
  });

  afterAll(() => dropDatabase(name));

  const WATCH = /Watch {3}(http:\/\/127\.0\.0\.1:\d+)\/metrics\n/;

  it('serves metrics and health of the server, which serves no metrics beside its API', async () => {
    const server = runServer({ ...env, OFITEC_WORKER: 'separate' });
    const url = ((await server.until(READY))[1] ?? '').replace('localhost', '127.0.0.1');
    const watch = (await server.until(WATCH))[1] ?? '';
    const answer = await fetch(`${watch}/metrics`);
    expect([answer.status, (await answer.text()).includes('ofitec_http_requests_total')]).toEqual([
      200,
      true,
    ]);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    const health = await fetch(`${watch}/health/ready?nonce=n7`);
    expect([health.status, await health.json()]).toEqual([
      200,
      expect.objectContaining({ nonce: 'n7', status: expect.any(String) }),
    ]);
    expect((await fetch(`${watch}/health/live`)).status).toBe(200);
    expect((await fetch(`${watch}/health/startup`)).status).toBe(200);
    expect((await fetch(`${watch}/api/v1/auth/me`)).status).toBe(404);
    expect((await fetch(`${watch}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await server.end('SIGTERM')).code).toBe(0);
  });

  it('is all that a worker has, and wants the token where there is one', async () => {
    const worker = run(process.execPath, ['dist/src/worker.js'], {
      env: { ...env, METRICS_TOKEN: TOKEN },
    });
    const watch = (await worker.until(WATCH))[1] ?? '';
    expect((await fetch(`${watch}/metrics`)).status).toBe(401);
    const answer = await fetch(`${watch}/metrics`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(text).toMatch(/^ofitec_worker_silent_seconds \d/m);
    expect(text).toMatch(/^ofitec_health_check\{check="worker"\} 1$/m);
    const isReady = async (): Promise<boolean> =>
      (await fetch(`${watch}/health/ready`)).status === 200;
    await until('the worker is ready', isReady);
    expect((await worker.end('SIGTERM')).code).toBe(0);
  });

  it('stops the start with a clear line when it is taken', async () => {
    const first = runServer(env);
    await first.until(READY);
    const taken = new URL((await first.until(WATCH))[1] ?? '').host;
    const second = await runServer({ ...env, METRICS_BIND: taken }).end();
    expect([second.code, second.output]).toEqual([
      1,
      expect.stringContaining(`METRICS_BIND ${taken}: EADDRINUSE`),
    ]);
    expect((await first.end('SIGTERM')).code).toBe(0);
  });
});
