import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Client,
  DEMO_PASSWORD,
  dropDatabase,
  House,
  kernel,
  ledgerCheckOf,
  makeDatabase,
  openSession,
  READY,
  run,
  runCli,
  runServer,
  shop,
  signIn,
  takeOrder,
  until,
} from '#test';
import type { Program, Shop, TestUrls } from '#test';

const LANES = 6;
const MINUTE_MS = 60_000;

/** A request that is repeated with its key until it is answered for good. */
interface Intent {
  readonly path: string;
  readonly body: object;
  readonly key: string;
  answer: { status: number; body: Record<string, unknown> } | null;
}

/** A database with the loyalty addon, which hears of payments and counts at four in the morning. */
async function loyalDatabase(): Promise<{
  name: string;
  urls: TestUrls;
  env: Environment;
  /** How long the command took that installed it. */
  installMs: number;
}> {
  const name = `two_${randomBytes(6).toString('hex')}`;
  const urls = await makeDatabase(name, 'demo');
  const env = {
    ...{ DATABASE_URL: urls.application, DATABASE_OWNER_URL: urls.owner, LOG_LEVEL: 'error' },
    OFITEC_ADDONS: resolve('dist/test/support/acme-loyalty/index.js'),
  };
  const began = performance.now();
  const installed = await runCli(['addon', 'install', 'acme-loyalty'], env);
  const installMs = performance.now() - began;
  expect([installed.code, installed.output]).toEqual([0, expect.stringContaining('acme-loyalty')]);
  return { name, urls, env, installMs };
}

type Environment = Readonly<Record<string, string>>;

/** Two processes of the whole application, each with its worker, on one database. */
describe('two processes', () => {
  let database: Awaited<ReturnType<typeof loyalDatabase>>;
  let house: House;
  let servers: [Program, Program];
  let clients: [Client, Client];
  let places: [Shop, Shop];
  let sessionId: string;

  beforeAll(async () => {
    database = await loyalDatabase();
    const both = [runServer(database.env), runServer(database.env)] as const;
    servers = [...both];
    const url = await addressOf(servers[0]);
    const { token } = await signIn(url, 'encargada', DEMO_PASSWORD);
    clients = [new Client(url, token), new Client(await addressOf(servers[1]), token)];
    places = [await shop(clients[0], 'CENTRO'), await shop(clients[1], 'NORTE')];
    sessionId = await openSession(clients[0], places[0].registerIds[0] ?? '', 0);
    house = await House.over(null, database.urls, {
      OFITEC_ADDONS: database.env.OFITEC_ADDONS ?? '',
    });
  }, 120_000);

  afterAll(async () => {
    await house.close();
    await Promise.all(servers.map((server) => server.end('SIGTERM')));
    await dropDatabase(database.name);
  });

  async function addressOf(server: Program): Promise<string> {
    return (await server.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
  }

  /** Brings the second process back, after it was killed. */
  async function revive(): Promise<void> {
    servers[1] = runServer(database.env);
    clients[1] = new Client(await addressOf(servers[1]), clients[0].token);
  }

  /**
   * Sends intents over both processes at once. The second is killed outright once it has answered
   * so many; its clients have no answer then, come again with the same keys, and end up with one.
   */
  async function sendAll(intents: readonly Intent[], killAfter = Infinity): Promise<void> {
    let answered = 0;
    let isKilled = false;
    const lane = async (waiting: Intent[], side: 0 | 1): Promise<void> => {
      for (let intent = waiting.shift(); intent; intent = waiting.shift()) {
        const { path, body, key } = intent;
        const sent = await clients[side].pay(path, body, key).catch(() => null);
        if (!sent) return;
        if (sent.status !== 503 && sent.body.code !== 'kernel.idempotency-busy') {
          intent.answer = { status: sent.status, body: sent.body as Record<string, unknown> };
        }
        if (side === 1 && (answered += 1) === killAfter) {
          process.kill(servers[1].pid, 'SIGKILL');
          isKilled = true;
        }
      }
    };
    for (let attempt = 0; intents.some(({ answer }) => answer === null); attempt += 1) {
      expect(attempt).toBeLessThan(20);
      const open = intents.filter(({ answer }) => answer === null);
      const halves = [0, 1].map((side) => open.filter((_, index) => index % 2 === side));
      await Promise.all(
        Array.from({ length: 2 * LANES }, (_, index) => {
          const side = index % 2 === 0 ? 0 : 1;
          return lane(halves[side] ?? [], side);
        }),
      );
      if (isKilled && servers[1].hasEnded) await revive();
    }
    expect(isKilled).toBe(killAfter !== Infinity);
  }

  it('number orders without a gap or a double, though some roll back and one process is killed', async () => {
    // Refused once its number is taken: by a conflict that is worth another try, mostly in vain.
    await house.rows(
      'superuser',
      `CREATE FUNCTION clash() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN IF random() < 0.8 THEN RAISE EXCEPTION 'clash' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$;
       CREATE TRIGGER clash AFTER INSERT ON sales_order
         FOR EACH ROW WHEN (NEW.notes = 'choca') EXECUTE FUNCTION clash()`,
    );
    const intents = Array.from({ length: 300 }, (_, index): Intent => {
      const place = places[index % 2 === 0 ? 0 : 1];
      const lines = [{ serviceId: place.services['CAMISA'], quantity: 1 }];
      return {
        path: 'sales/orders',
        key: kernel.newId(),
        answer: null,
        body: {
          ...{ branchId: place.branchId, lines },
          ...(index % 7 === 0 ? { customerId: kernel.newId() } : {}),
          ...(index % 5 === 0 ? { notes: 'choca' } : {}),
        },
      };
    });
    await sendAll(intents, 40);

    const taken = intents.filter(({ answer }) => answer?.status === 201);
    const refused = intents.filter(({ answer }) => answer?.status !== 201);
    expect(new Set(refused.map(({ answer }) => answer?.body['code']))).toEqual(
      new Set(['sales.customer-unknown']),
    );
    const stored = await house.rows<{ id: string; ticket: string; branch: string; number: number }>(
      'owner',
      'SELECT id, ticket, branch_id AS branch, number FROM sales_order ORDER BY number',
    );
    expect(stored.map(({ id, ticket }) => `${id} ${ticket}`).sort()).toEqual(
      taken
        .map(({ answer }) => `${String(answer?.body['id'])} ${String(answer?.body['ticket'])}`)
        .sort(),
    );
    for (const { branchId } of places) {
      const numbers = stored.filter(({ branch }) => branch === branchId).map((row) => row.number);
      expect(numbers.length).toBeGreaterThan(100);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      const [counter] = await house.rows<{ value: number }>(
        'owner',
        `SELECT value::integer FROM base_sequence WHERE branch_id = $1 AND name = 'sales.order'`,
        { values: [branchId] },
      );
      expect(counter?.value).toBe(numbers.length);
    }
  }, 180_000);

  it('make one payment of one key that comes to both, and collect no peso too much', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id: orderId, total } = await takeOrder(clients[0], places[0], 20);
      const key = kernel.newId();
      const body = { orderId, method: 'cash', amount: 1_000 };
      const same = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          clients[index % 2 === 0 ? 0 : 1].pay('payments/payments', body, key),
        ),
      );
      const made = same.filter(({ status }) => status === 201);
      expect(new Set(made.map(({ text }) => text)).size).toBe(1);
      expect(same.length - made.length).toBe(
        same.filter((answer) => answer.body.code === 'kernel.idempotency-busy').length,
      );
      const amount = Math.ceil((total - 1_000) / 7);
      const rush = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          clients[index % 2 === 0 ? 0 : 1].pay('payments/payments', { ...body, amount }),
        ),
      );
      expect(rush.filter(({ status }) => status === 201)).toHaveLength(6);
      const { body: order } = await clients[1].get(`sales/orders/${orderId}`);
      expect(order).toMatchObject({ paidAmount: 1_000 + 6 * amount });
    }
  });

  it('tell each payment once, though one is killed over its deliveries and all are brought again', async () => {
    const { id: orderId } = await takeOrder(clients[0], places[0], 200);
    const intents = Array.from({ length: 200 }, (): Intent => {
      const body = { orderId, method: 'debit', amount: 1_000 };
      return { path: 'payments/payments', body, key: kernel.newId(), answer: null };
    });
    await sendAll(intents, 60);
    expect(new Set(intents.map(({ answer }) => answer?.body['id'])).size).toBe(200);

    const [told] = await house.rows<{ n: number }>(
      'owner',
      `WITH again AS (INSERT INTO kernel_event_pending (event_id, company_id, action, created_at)
         SELECT id, company_id, action, created_at FROM kernel_event WHERE action = 'payment.created'
         ON CONFLICT DO NOTHING RETURNING 1)
       SELECT count(*)::integer AS n FROM kernel_event WHERE action = 'payment.created'`,
    );
    const acted = async (): Promise<unknown> =>
      house.rows(
        'owner',
        `SELECT count(*)::integer AS payments,
           (SELECT count(*)::integer FROM acme_loyalty_point WHERE points > 0) AS points,
           (SELECT sum(amount)::float8 FROM payments_payment) - sum(p.amount)::float8 AS missing,
           (SELECT count(*)::integer FROM kernel_delivery WHERE handler LIKE 'acme-loyalty/%') AS marks
         FROM payments_payment p`,
      );
    const n = told?.n ?? 0;
    expect(n).toBeGreaterThanOrEqual(200 + 5 * 7);
    // A busy machine takes its time over them; one delivery too many would come in the last moment.
    const waiting = `SELECT 1 FROM kernel_event_pending
      UNION ALL SELECT 1 FROM pgboss.job WHERE state IN ('created', 'retry')`;
    const marks = `SELECT count(*)::integer AS n FROM kernel_delivery WHERE handler LIKE 'acme-loyalty/%'`;
    await until(
      'each is marked, and no further one waits',
      async () => {
        const [mark] = await house.rows<{ n: number }>('owner', marks);
        return (mark?.n ?? 0) >= n && (await house.rows('owner', waiting)).length === 0;
      },
      90_000,
    );
    await sleep(500);
    expect(await acted()).toEqual([{ payments: n, points: n, marks: n, missing: 0 }]);
    const failed = await house.rows('owner', `SELECT 1 FROM pgboss.job WHERE state = 'failed'`);
    expect(failed).toEqual([]);
  }, 120_000);

  it('close a session and cut its day once, and the books add up', async () => {
    const close = { countedAmount: 0, approval: { login: 'admin', password: DEMO_PASSWORD } };
    const closings = await Promise.all(
      clients.map((client) => client.post(`payments/cash-sessions/${sessionId}/close`, close)),
    );
    expect(closings.map(({ status }) => status).sort()).toEqual([200, 409]);
    const day = { branchId: places[0].branchId, date: kernel.businessDay(new Date()) };
    const cuts = await Promise.all(
      [...clients, ...clients].map((client) => client.post('payments/daily-cuts', day)),
    );
    expect(cuts.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(cuts.find(({ status }) => status === 201)?.body).toMatchObject({ sequence: 1 });
    expect(await ledgerCheckOf(house)).toEqual([]);
  });
});

/** Two workers, the clock of one ahead; both live through four in the morning. */
describe('two processes with different clocks', () => {
  it('run what falls due once per due time', async () => {
    const { name, urls, env, installMs } = await loyalDatabase();
    const house = await House.over(null, urls, { OFITEC_ADDONS: env['OFITEC_ADDONS'] ?? '' });
    // Both are to be ready before four: a machine on which a command takes long starts workers as slowly.
    const startMs = Math.max(7_000, Math.ceil(3 * installMs));
    const due = fourInTheMorning(Date.now() + 2 * MINUTE_MS, MINUTE_MS);
    const untilDueMs = due.getTime() - Date.now();
    // For the second it is three seconds later than for the first.
    const skews = [untilDueMs - startMs - 3_000, untilDueMs - startMs];
    const workers = skews.map((skewMs) =>
      run(process.execPath, [resolve('dist/src/worker.js')], {
        env: {
          ...env,
          NODE_OPTIONS: `--import=${resolve('test/support/skewed-clock.mjs')}`,
          OFITEC_TEST_CLOCK_SKEW_MS: String(skewMs),
        },
      }),
    );
    await Promise.all(workers.map((worker) => worker.until(/deliveries and schedules run/)));
    const runs = async (): Promise<{ due: Date; done: boolean; node: string }[]> =>
      house.rows(
        'owner',
        `SELECT due_at AS due, finished_at IS NOT NULL AND error IS NULL AS done, node
         FROM kernel_schedule_run WHERE name = 'acme-loyalty.count' ORDER BY due_at`,
      );
    const isRun = async (): Promise<boolean> => (await runs()).some((each) => +each.due === +due);
    await until('it is four', isRun, startMs + 30_000);
    // The slow one wakes for the same due time three seconds after the other.
    await sleep(5_000);
    for (const worker of workers) await worker.end('SIGTERM');

    const ran = await runs();
    expect(ran.map((each) => [each.due.toISOString(), each.done])).toEqual([
      // What they had missed the day before, when they started.
      [fourInTheMorning(due.getTime() - MINUTE_MS, -MINUTE_MS).toISOString(), true],
      [due.toISOString(), true],
    ]);
    const [marks] = await house.rows<{ n: number }>(
      'owner',
      'SELECT count(*)::integer AS n FROM acme_loyalty_point WHERE points = 0',
    );
    expect(marks?.n).toBe(2);
    const pids = ran.map(({ node }) => Number(node.split(':')[1]));
    expect(workers.map(({ pid }) => pid)).toEqual(expect.arrayContaining(pids));
    await house.close();
    await dropDatabase(name);
  }, 120_000);
});

/** The first four o'clock in Santiago from an instant on, forward or back. */
function fourInTheMorning(fromMs: number, stepMs: number): Date {
  const clock = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: 'America/Santiago', hour: '2-digit', minute: '2-digit' },
  });
  let at = Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS;
  while (clock.format(new Date(at)) !== '04:00') at += stepMs;
  return new Date(at);
}
