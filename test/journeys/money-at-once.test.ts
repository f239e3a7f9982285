import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Connection } from 'pg';
import { Books, CommitLog, House, kernel, openSession, shop, takeOrder, waitsForLock } from '#test';
import type { Client, Shop } from '#test';

const ROUNDS = 8;

/** Simultaneous requests for the same money: whatever arrives at once, not a peso too much. */
describe('money at once', () => {
  let house: House;
  let vendedora: Client;
  let norte: Client;
  let centro: Shop;
  let ninth: string;
  let log: CommitLog;

  beforeAll(async () => {
    house = await House.open();
    log = await CommitLog.follow(house);
    vendedora = await house.as('vendedora');
    norte = await house.as('vendedora.norte');
    centro = await shop(vendedora);
    ninth = centro.registerIds[2] ?? '';
    await openSession(vendedora, centro.registerIds[0] ?? '');
  });

  afterAll(() => log.close());

  async function paidFor(orderId: string): Promise<{ sum: number; count: number }> {
    const { items } = (await vendedora.get(`payments/payments?orderId=${orderId}&limit=200`))
      .body as {
      items: { amount: number }[];
    };
    return { sum: items.reduce((sum, { amount }) => sum + amount, 0), count: items.length };
  }

  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'never over-collects with 50 payments on one order (round %i)',
    async () => {
      const { id: orderId, total } = await takeOrder(vendedora, centro, 4);
      const amount = Math.ceil(total / 7);
      const answers = await Promise.all(
        Array.from({ length: 50 }, () =>
          vendedora.pay('payments/payments', { orderId, method: 'cash', amount }),
        ),
      );
      const taken = answers.filter(({ status }) => status === 201);
      expect(taken).toHaveLength(6);
      const codes = new Set(answers.filter((a) => a.status !== 201).map((a) => a.body.code));
      expect([...codes]).toEqual(['sales.payment-exceeds-balance']);
      expect(await paidFor(orderId)).toEqual({ sum: amount * 6, count: 6 });
      const order = await vendedora.get(`sales/orders/${orderId}`);
      expect(order.body).toMatchObject({ paidAmount: amount * 6, balance: total - amount * 6 });
    },
  );

  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'makes one payment of the same key sent 50 times (round %i)',
    async () => {
      const { id: orderId } = await takeOrder(vendedora, centro, 50);
      const key = kernel.newId();
      const body = { orderId, method: 'cash', amount: 1_000 };
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => vendedora.pay('payments/payments', body, key)),
      );
      const done = answers.filter(({ status }) => status === 201);
      const rest = answers.filter(({ status }) => status !== 201);
      expect(done.length).toBeGreaterThan(0);
      expect(new Set(done.map(({ body: payment }) => payment.id)).size).toBe(1);
      expect(rest.map(({ body: problem }) => problem.code)).toEqual(
        rest.map(() => 'kernel.idempotency-busy'),
      );
      expect(await paidFor(orderId)).toEqual({ sum: 1_000, count: 1 });

      const later = await vendedora.pay('payments/payments', body, key);
      expect(later.status).toBe(201);
      expect(later.headers['idempotency-replayed']).toBe('true');
      expect(later.text).toBe(done[0]?.text);
      const other = await vendedora.pay('payments/payments', { ...body, amount: 2_000 }, key);
      expect(other.status).toBe(422);
      expect(other.body.code).toBe('kernel.idempotency-reused');
      expect(await paidFor(orderId)).toEqual({ sum: 1_000, count: 1 });
    },
  );

  it('charges once however the address of a key is spelled', async () => {
    const { id: orderId, total } = await takeOrder(vendedora, centro, 50);
    const body = { orderId, method: 'cash', amount: 1_000 };
    const key = kernel.newId();
    const ids = new Set<unknown>();
    for (const spelling of ['payments', '%70ayments', 'pa%79ments', 'payments?']) {
      const paid = await vendedora.pay(`payments/${spelling}`, body, key);
      expect([spelling, paid.status]).toEqual([spelling, 201]);
      ids.add(paid.body.id);
    }
    expect(ids.size).toBe(1);
    expect((await vendedora.get(`sales/orders/${orderId}`)).body.balance).toBe(total - 1_000);
  });

  it('answers with the rival’s payment when the same key came in between', async () => {
    const { id: orderId, total } = await takeOrder(vendedora, centro, 1);
    const body = { orderId, method: 'cash', amount: total };
    const key = kernel.newId();
    const first = await vendedora.pay('payments/payments', body, key);
    expect(first.status).toBe(201);
    // The moment in which the second request has looked and the first has not yet committed its
    // key: the row of the key is away while the second waits for the order's lock.
    const kept = 'SELECT * FROM kernel_idempotency WHERE key = $1';
    await house.rows(
      'owner',
      'CREATE TABLE IF NOT EXISTS aside AS SELECT * FROM kernel_idempotency LIMIT 0',
    );
    await house.rows('owner', `INSERT INTO aside ${kept}`, { values: [key] });
    const rival = new Connection({ connectionString: house.urls.owner });
    await rival.connect();
    await rival.query('DELETE FROM kernel_idempotency WHERE key = $1', [key]);
    await rival.query('BEGIN');
    await rival.query('SELECT 1 FROM sales_order WHERE id = $1 FOR UPDATE', [orderId]);
    const second = vendedora.pay('payments/payments', body, key);
    await waitsForLock(house.urls.superuser);
    await house.rows('owner', 'INSERT INTO kernel_idempotency SELECT * FROM aside WHERE key = $1', {
      values: [key],
    });
    await rival.query('ROLLBACK');
    await rival.end();
    expect((await second).status).toBe(201);
    expect((await second).text).toBe(first.text);
    expect(await paidFor(orderId)).toEqual({ sum: total, count: 1 });
  });

  it('leaves a key free after a refusal', async () => {
    const { id: orderId, total } = await takeOrder(vendedora, centro, 1);
    const key = kernel.newId();
    const tooMuch = { orderId, method: 'debit', amount: total + 1 };
    expect((await vendedora.pay('payments/payments', tooMuch, key)).status).toBe(422);
    const fits = { orderId, method: 'debit', amount: total };
    expect((await vendedora.pay('payments/payments', fits, key)).status).toBe(201);
  });

  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'lands no payment in a session that closes at the same time (round %i)',
    async (round) => {
      const registerId = ninth;
      const sessionId = await openSession(norte, registerId, 5_000);
      const orders = await Promise.all(
        Array.from({ length: 12 }, () => takeOrder(norte, centro, 1)),
      );
      const charge = ({
        id: orderId,
        total,
      }: {
        id: string;
        total: number;
      }): ReturnType<Client['pay']> =>
        norte.pay('payments/payments', { orderId, method: 'cash', amount: total });
      const [closed, ...answers] = await Promise.all([
        // Each round a millisecond later, so that it falls before, among and after the charges.
        new Promise((resolve) => setTimeout(resolve, round)).then(() =>
          norte.post(`payments/cash-sessions/${sessionId}/close`, { countedAmount: 5_000 }),
        ),
        ...orders.map(charge),
      ]);
      expect(closed?.status).toBe(200);
      const taken = answers.filter(({ status }) => status === 201);
      const late = answers.filter(({ status }) => status !== 201);
      expect(late.map(({ body }) => body.code)).toEqual(
        late.map(() => 'payments.no-open-cash-session'),
      );
      const cash = taken.reduce((sum, { body }) => sum + Number(body.amount), 0);
      // What the closing expected is exactly what landed: nothing came after, nothing was missed.
      expect(closed?.body).toMatchObject({ expectedAmount: 5_000 + cash, difference: -cash });
      const stored = await house.rows<{ sum: string }>(
        'owner',
        'SELECT coalesce(sum(amount), 0) AS sum FROM payments_payment WHERE cash_session_id = $1',
        { values: [sessionId] },
      );
      expect(Number(stored[0]?.sum)).toBe(cash);
    },
  );

  it('waits at closing for a payment that is on its way into the session', async () => {
    await house.rows(
      'superuser',
      `CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_advisory_xact_lock(1230); RETURN NEW; END $$;
       CREATE TRIGGER dawdle AFTER INSERT ON payments_payment
         FOR EACH ROW WHEN (NEW.amount = 1230) EXECUTE FUNCTION dawdle()`,
    );
    const sessionId = await openSession(norte, ninth, 0);
    const { id: orderId } = await takeOrder(norte, centro, 1);
    const rival = new Connection({ connectionString: house.urls.owner });
    await rival.connect();
    await rival.query('SELECT pg_advisory_lock(1230)');
    const paying = norte.pay('payments/payments', { orderId, method: 'cash', amount: 1_230 });
    await waitsForLock(house.urls.superuser);
    const closing = norte.post(`payments/cash-sessions/${sessionId}/close`, { countedAmount: 0 });
    await waitsForLock(house.urls.superuser, 2);
    await rival.end();
    expect((await paying).status).toBe(201);
    const closed = await closing;
    expect(closed.body).toMatchObject({ expectedAmount: 1_230, difference: -1_230 });
  });

  it('opens one session of ten that a cashier, and of two that a register, asks for at once', async () => {
    const registers = (await shop(norte, 'NORTE')).registerIds;
    const mine = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        norte.post('payments/cash-sessions', {
          registerId: registers[index % 3],
          openingAmount: 0,
        }),
      ),
    );
    expect(mine.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = mine.filter(({ status }) => status === 409).map(({ body }) => body.code);
    expect(refused).toHaveLength(9);
    expect(
      refused.every((code) =>
        ['payments.cashier-has-session', 'payments.register-has-session'].includes(String(code)),
      ),
    ).toBe(true);

    const taken = String(mine.find(({ status }) => status === 201)?.body.registerId);
    const encargada = await house.as('encargada');
    const second = await encargada.post('payments/cash-sessions', {
      registerId: taken,
      openingAmount: 0,
    });
    expect(second.status).toBe(409);
    expect(second.body.code).toBe('payments.register-has-session');
  });

  it('numbers tickets without a gap when 30 orders are taken and some fail', async () => {
    const before = await vendedora.get('sales/orders?limit=1&sort=-number');
    const from = Number(before.body.items[0]?.number ?? 0);
    const absent = kernel.newId();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        vendedora.post('sales/orders', {
          branchId: centro.branchId,
          ...(index % 5 === 0 ? { customerId: absent } : {}),
          lines: [{ serviceId: centro.services['CAMISA'], quantity: 1 }],
        }),
      ),
    );
    const numbers = answers
      .filter(({ status }) => status === 201)
      .map(({ body }) => Number(body.number))
      .sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 24 }, (_, index) => from + index + 1));
  });

  it('has added up after every single commit of all this', async () => {
    const books = new Books();
    expect(books.enter(await log.next())).toEqual([]);
    expect(books.commits).toBeGreaterThan(100);
  });
});
