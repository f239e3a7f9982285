import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Books, CommitLog, dice, House, kernel, ledgerCheckOf, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

const SEED = Number(process.env['OFITEC_SEED'] ?? Date.now() % 1_000_000);
const DAYS = 4;
const STEPS = 45;

interface PaymentBody {
  readonly id: string;
  readonly orderId: string;
  readonly cashSessionId: string;
  readonly cashierId: string;
  readonly method: string;
  readonly amount: number;
  readonly collected: number;
  readonly version: number;
}

interface PrepaidBody {
  readonly id: string;
  readonly customerId: string;
  readonly cashSessionId: string;
  readonly kind: string;
  readonly method: string | null;
  readonly amount: number;
  readonly collected: number | null;
  readonly sequence: number;
  readonly balanceAfter: number;
  readonly paymentId: string | null;
}

/**
 * Several cashiers at once do whatever they can do, well or badly. After each day the books are
 * added up again from the plain rows that clients see, by other code than the house's; and so they
 * are after every single commit, as PostgreSQL's own log has them.
 */
describe(`random days (OFITEC_SEED=${SEED})`, () => {
  let house: House;
  let encargada: Client;
  let cashiers: Client[];
  let centro: Shop;
  let log: CommitLog;
  const books = new Books();
  const orders: string[] = [];
  const customers: string[] = [];

  beforeAll(async () => {
    house = await House.open();
    log = await CommitLog.follow(house);
    encargada = await house.as('encargada');
    const admin = await house.as('admin');
    cashiers = [await house.as('vendedora'), await house.as('vendedora.norte'), encargada];
    const odd = await admin.post('sales/services', { code: 'IMPAR', name: 'Impar', price: 1_237 });
    centro = await shop(encargada);
    centro = { ...centro, services: { ...centro.services, IMPAR: String(odd.body.id) } };
    for (const name of ['Una', 'Dos', 'Tres']) {
      customers.push(String((await admin.post('sales/customers', { name })).body.id));
    }
  });

  afterAll(() => log.close());

  async function liveOneDay(client: Client, index: number, random: () => number): Promise<void> {
    const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
    const amount = (): number => 1 + Math.floor(random() * 6_000);
    const opened = await client.post('payments/cash-sessions', {
      ...{ registerId: centro.registerIds[index], openingAmount: Math.floor(random() * 50_000) },
    });
    expect(opened.status).toBe(201);
    const session = `payments/cash-sessions/${String(opened.body.id)}`;
    const mine: PaymentBody[] = [];
    const prepayments: string[] = [];
    const acts: (() => Promise<{ status: number }>)[] = [
      async () => {
        const pieces = 1 + Math.floor(random() * 3);
        const order = await takeOrder(client, centro, pieces, 'IMPAR', pick(customers));
        orders.push(order.id);
        return { status: 201 };
      },
      async () => {
        const method = pick(['cash', 'cash', 'debit', 'credit', 'transfer', 'prepaid', 'prepaid']);
        const body = { orderId: pick(orders) ?? kernel.newId(), method, amount: amount() };
        const paid = await client.pay('payments/payments', body);
        if (paid.status === 201) mine.push(paid.body as PaymentBody);
        return paid;
      },
      async () => {
        const body = { cashSessionId: opened.body.id, amount: amount() };
        const method = pick(['cash', 'cash', 'debit', 'transfer']);
        const path = `payments/customers/${pick(customers)}/prepay`;
        const paid = await client.pay(path, { ...body, method });
        if (paid.status === 201) prepayments.push(String(paid.body.id));
        return paid;
      },
      async () => {
        const path = `payments/prepaid-entries/${pick(prepayments) ?? kernel.newId()}`;
        const reason = 'al azar';
        return random() < 0.3
          ? client.pay(`${path}/void`, { reason })
          : client.pay(`${path}/refund`, { amount: amount(), reason });
      },
      async () =>
        client.pay(`${session}/movements`, {
          ...{ type: pick(['cash_in', 'cash_out', 'drop']), amount: amount(), reason: 'al azar' },
        }),
      async () =>
        client.pay(`payments/payments/${pick(mine)?.id ?? kernel.newId()}/void`, {
          reason: 'al azar',
        }),
      async () =>
        client.pay(`payments/payments/${pick(mine)?.id ?? kernel.newId()}/refund`, {
          ...{ amount: amount(), reason: 'al azar' },
        }),
      async () => {
        const edit = {
          amount: amount(),
          method: pick(['cash', 'debit', 'prepaid']),
          reason: 'al azar',
        };
        return client.patch(`payments/payments/${pick(mine)?.id ?? kernel.newId()}`, edit, 1);
      },
      async () =>
        client.post(
          `sales/orders/${pick(orders) ?? kernel.newId()}/${pick(['deliver', 'start', 'ready'])}`,
        ),
    ];
    for (let step = 0; step < STEPS; step += 1) {
      const act = step < 3 ? acts[0] : (pick([...acts, acts[1], acts[1]]) ?? acts[0]);
      const { status } = (await act?.()) ?? { status: 0 };
      expect([200, 201, 403, 404, 409, 412, 422]).toContain(status);
    }
    const approval = { login: 'admin', password: 'Una clave de prueba 1!' };
    const closed = await client.post(`${session}/close`, { countedAmount: 20_000, approval });
    expect(closed.status).toBe(200);
  }

  async function all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let after = ''; ;) {
      const page = await encargada.get(`${path}${path.includes('?') ? '&' : '?'}limit=200${after}`);
      items.push(...(page.body.items as T[]));
      if (page.body.next === null) return items;
      after = `&after=${String(page.body.next)}`;
    }
  }

  /** The balances and what their entries say of the payments, from the rows that a client sees. */
  async function checkPrepaid(payments: readonly PaymentBody[]): Promise<PrepaidBody[]> {
    const entries = await all<PrepaidBody>('payments/prepaid-entries');
    for (const customerId of customers) {
      const own = entries.filter((entry) => entry.customerId === customerId);
      let running = 0;
      for (const entry of own.sort((a, b) => a.sequence - b.sequence)) {
        running += entry.amount;
        expect([entry.id, entry.balanceAfter]).toEqual([entry.id, running]);
        expect(running).toBeGreaterThanOrEqual(0);
      }
      const { balance } = (await encargada.get(`payments/customers/${customerId}/prepaid`)).body;
      expect([customerId, balance]).toEqual([customerId, running]);
      const cash = own.filter(({ method }) => method === 'cash');
      expect(sum(cash.map(({ collected }) => collected ?? 0))).toBe(
        kernel.cashRounded(sum(cash.map(({ amount }) => amount))),
      );
    }
    const moved = new Map(entries.map(({ paymentId, amount }) => [paymentId, amount]));
    for (const { id, method, amount } of payments) {
      expect([id, moved.get(id)]).toEqual([id, method === 'prepaid' ? -amount : undefined]);
    }
    return entries;
  }

  const sum = (values: readonly number[]): number =>
    values.reduce((total, each) => total + each, 0);

  it.each(Array.from({ length: DAYS }, (_, day) => day))(
    'add up: day %i',
    async (day) => {
      await Promise.all(
        cashiers.map((client, index) => liveOneDay(client, index, dice(SEED + day * 10 + index))),
      );

      const payments = await all<PaymentBody>('payments/payments');
      const entries = await all<{ cashSessionId: string; amount: number }>('payments/entries');
      const prepaid = await checkPrepaid(payments);
      const sessions = await all<{
        id: string;
        openingAmount: number;
        expectedAmount: number;
        dailyCutId: string | null;
        prepaid: { received: number; spent: number };
      }>('payments/cash-sessions');
      for (const session of sessions) {
        const inSession = <T extends { cashSessionId: string }>(rows: T[]): T[] =>
          rows.filter(({ cashSessionId }) => cashSessionId === session.id);
        const money = [...inSession(payments), ...inSession(prepaid)];
        const cash = money.filter(({ method }) => method === 'cash');
        const moved = sum(inSession(entries).map(({ amount }) => amount));
        expect(session.openingAmount + sum(cash.map(({ amount }) => amount)) + moved).toBe(
          session.expectedAmount,
        );
        const ahead = inSession(prepaid).filter(({ kind }) => kind === 'prepay');
        const spent = inSession(payments).filter(({ method }) => method === 'prepaid');
        expect(session.prepaid).toMatchObject({
          received: sum(ahead.map(({ amount }) => amount)),
          spent: sum(spent.map(({ amount }) => amount)),
        });
      }
      for (const { id, total, paidAmount, balance, state } of await all<{
        id: string;
        total: number;
        paidAmount: number;
        balance: number;
        state: string;
      }>('sales/orders')) {
        const paid = sum(
          payments.filter(({ orderId }) => orderId === id).map(({ amount }) => amount),
        );
        expect([id, paidAmount]).toEqual([id, paid]);
        expect(paid).toBeGreaterThanOrEqual(0);
        expect(paid).toBeLessThanOrEqual(total);
        expect(balance).toBe(state === 'cancelled' ? 0 : total - paid);
      }

      const date = kernel.businessDay(new Date());
      const cut = await encargada.post('payments/daily-cuts', { branchId: centro.branchId, date });
      expect(cut.status).toBe(201);
      const fresh = sessions.filter(({ dailyCutId }) => dailyCutId === null).map(({ id }) => id);
      const counted = payments.filter(({ cashSessionId }) => fresh.includes(cashSessionId));
      expect(cut.body.total).toBe(sum(counted.map(({ amount }) => amount)));
      for (const { method, amount } of cut.body.byMethod as { method: string; amount: number }[]) {
        const rows = counted.filter((payment) => payment.method === method);
        expect([method, amount]).toEqual([method, sum(rows.map((row) => row.amount))]);
      }
      // What came in: every row by which money changed hands, and nothing that a balance paid.
      const came = [...counted, ...prepaid.filter((row) => fresh.includes(row.cashSessionId))];
      const money = came.filter(({ method }) => method !== null && method !== 'prepaid');
      expect(cut.body.received).toBe(sum(money.map((row) => row.amount)));
      expect(await ledgerCheckOf(house)).toEqual([]);

      const before = books.commits;
      expect(books.enter(await log.next())).toEqual([]);
      expect(books.commits - before).toBeGreaterThan(cashiers.length * 10);
    },
    120_000,
  );

  it('have seen balances paid ahead, spent and put back', async () => {
    const kinds = new Set((await all<PrepaidBody>('payments/prepaid-entries')).map((e) => e.kind));
    for (const kind of ['prepay', 'spend', 'restore']) expect(kinds).toContain(kind);
    expect(kinds.has('prepay_void') || kinds.has('prepay_refund')).toBe(true);
  });

  it('would be seen not to add up between two commits, though all is well before and after', async () => {
    const [order] = await house.rows<{ id: string }>(
      'owner',
      'SELECT id FROM sales_order WHERE paid_amount BETWEEN 1 AND total - 1 LIMIT 1',
    );
    for (const pesos of [1, -1]) {
      await house.rows(
        'owner',
        'UPDATE sales_order SET paid_amount = paid_amount + $1 WHERE id = $2',
        {
          values: [pesos, order?.id],
        },
      );
    }
    expect(await ledgerCheckOf(house)).toEqual([]);
    const wrong = books.enter(await log.next());
    expect(wrong).toEqual([expect.stringContaining(`order ${order?.id} is paid`)]);
  });

  it('would be seen not to add up: the check finds a figure that somebody changed', async () => {
    const [session] = await house.rows<{ id: string }>(
      'owner',
      `UPDATE payments_cash_session SET expected_amount = expected_amount + 1
       WHERE id = (SELECT id FROM payments_cash_session LIMIT 1) RETURNING id`,
    );
    const [order] = await house.rows<{ id: string }>(
      'owner',
      `UPDATE sales_order SET paid_amount = paid_amount - 1
       WHERE id = (SELECT id FROM sales_order WHERE paid_amount > 0 AND state <> 'delivered' LIMIT 1) RETURNING id`,
    );
    const [account] = await house.rows<{ id: string }>(
      'owner',
      `UPDATE payments_prepaid_account SET balance = balance + 3
       WHERE id = (SELECT id FROM payments_prepaid_account LIMIT 1) RETURNING id`,
    );
    const drifts = await ledgerCheckOf(house);
    expect(
      drifts.map(({ what, id, stored, recomputed }) => [what, id, stored - recomputed]),
    ).toEqual([
      ['session', session?.id, 1],
      ['prepaid', account?.id, 3],
      ['order', order?.id, -1],
    ]);
    await house.app.get(kernel.Schedules).runOnce('payments.check-ledger', new Date());
    const told = await encargada.get('audit/events?action=ledger.drift');
    expect(told.body.items.map(({ subjectId }: { subjectId: string }) => subjectId).sort()).toEqual(
      [session?.id, account?.id, order?.id].sort(),
    );
  });
});
