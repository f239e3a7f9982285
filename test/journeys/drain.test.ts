import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DEMO_PASSWORD,
  dropDatabase,
  House,
  kernel,
  makeDatabase,
  openSession,
  READY,
  runServer,
  shop,
  signIn,
  takeOrder,
  until,
  waitsForLock,
} from '#test';
import type { Client, TestUrls } from '#test';

/** A rolling restart behind a load balancer: nobody gets an error for it. */
describe('the end of a server', () => {
  let name: string;
  let urls: TestUrls;
  let orderId: string;
  let vendedora: Client;

  beforeAll(async () => {
    name = `drain_${randomBytes(6).toString('hex')}`;
    urls = await makeDatabase(name, 'demo');
  });

  afterAll(() => dropDatabase(name));

  async function start(drainSeconds: number): Promise<{
    server: ReturnType<typeof runServer>;
    url: string;
  }> {
    const server = runServer({
      ...{ DATABASE_URL: urls.application, DATABASE_OWNER_URL: urls.owner },
      ...{ DRAIN_SECONDS: String(drainSeconds), LOG_LEVEL: 'warn' },
    });
    const url = ((await server.until(READY))[1] ?? '').replace('localhost', '127.0.0.1');
    vendedora = await signIn(url, 'vendedora', DEMO_PASSWORD);
    return { server, url };
  }

  /** Holds the order, so that a payment on it stays in flight until `let go`. */
  async function hold(): Promise<() => Promise<void>> {
    const rival = new Connection({ connectionString: urls.owner });
    await rival.connect();
    await rival.query('BEGIN');
    await rival.query('SELECT 1 FROM sales_order WHERE id = $1 FOR UPDATE', [orderId]);
    return () => rival.end();
  }

  it('tells the balancer first, serves everybody meanwhile, and ends the worker last', async () => {
    const { server, url } = await start(4);
    const centro = await shop(vendedora);
    await openSession(vendedora, centro.registerIds[0] ?? '');
    orderId = (await takeOrder(vendedora, centro)).id;
    const letGo = await hold();
    const paying = vendedora.pay('payments/payments', { orderId, method: 'cash', amount: 10 });
    await waitsForLock(urls.superuser);

    const ending = server.end('SIGTERM');
    await server.until(/Not ready any more; takes requests for 4 s/);
    const told = await fetch(`${url}/health/ready`);
    expect([told.status, ((await told.json()) as { code: string }).code]).toEqual([
      503,
      'kernel.not-ready',
    ]);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect((await vendedora.get('sales/orders')).status).toBe(200);
    expect((await takeOrder(vendedora, centro)).total).toBeGreaterThan(0);
    expect(server.output).not.toContain('HTTP has ended');

    await goneAt(url);
    expect(server.output).not.toContain('HTTP has ended');
    await letGo();
    expect((await paying).status).toBe(201);
    const { code, output } = await ending;
    expect(code).toBe(0);
    const lines = output.split('\n').filter((line) => line.startsWith('· '));
    expect(lines.slice(-3)).toEqual([
      '· Not ready any more; takes requests for 4 s',
      '· HTTP has ended',
      '· The worker has ended',
    ]);
    // Only readiness changed; the worker and the queue met no closed connection.
    expect(output.split('\n').filter((line) => /"level":"error"/.test(line))).toEqual([]);
  });

  it('answers a request on an open connection in its last moment, and closes the connection', async () => {
    const { server, url } = await start(0);
    const letGo = await hold();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const body = JSON.stringify({ orderId, method: 'cash', amount: 10 });
    socket.write(
      [
        'POST /api/v1/payments/payments HTTP/1.1',
        ...['host: localhost', `authorization: Bearer ${vendedora.token}`],
        ...['content-type: application/json', `idempotency-key: ${kernel.newId()}`],
        ...[`content-length: ${body.length}`, '', body],
      ].join('\r\n'),
    );
    await waitsForLock(urls.superuser);
    const ending = server.end('SIGTERM');
    await goneAt(url);
    socket.write('GET /api/v1/auth/me HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await sleep(200);
    await letGo();
    await closed;
    const [first = '', second = ''] = received.split(/(?=HTTP\/1\.1 )/);
    expect(first).toMatch(/^HTTP\/1\.1 201 /);
    expect(second).toMatch(/^HTTP\/1\.1 401 /);
    expect(second.toLowerCase()).toContain('connection: close');
    expect((await ending).code).toBe(0);
  });

  async function goneAt(url: string): Promise<void> {
    const isGone = (): Promise<boolean> =>
      fetch(`${url}/health/live`).then(
        () => false,
        () => true,
      );
    await until('no new connections are taken', isGone);
  }
});

describe('the end of a worker', () => {
  it('waits for the schedules that have begun', async () => {
    const house = await House.open();
    const rival = new Connection({ connectionString: house.urls.owner });
    await rival.connect();
    await rival.query('BEGIN; LOCK TABLE payments_payment IN ACCESS EXCLUSIVE MODE');
    const worker = house.app.get(kernel.Worker);
    await worker.start(house.urls.application);
    const runs = (): Promise<{ finished_at: Date | null; error: string | null }[]> =>
      house.rows(
        'owner',
        `SELECT finished_at, error FROM kernel_schedule_run WHERE name = 'payments.check-ledger'`,
      );
    await until('the schedule has begun', async () => (await runs()).length > 0);
    let ended = false;
    const stopping = worker.stop().then(() => (ended = true));
    await sleep(500);
    expect([ended, await runs()]).toEqual([false, [{ finished_at: null, error: null }]]);
    await rival.end();
    await stopping;
    expect(await runs()).toEqual([{ finished_at: expect.anything(), error: null }]);
    await house.close();
  });
});
