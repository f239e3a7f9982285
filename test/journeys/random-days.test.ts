import { beforeAll, describe, expect, it } from '@jest/globals';
import { dice, House, kernel, ledgerCheckOf, shop, takeOrder } from '#test';
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

/**
 * Several cashiers at once do whatever they can do, well or badly. After each day the books are
 * added up again from the plain rows that clients see, by other code than the house's.
 */
describe(`random days (OFITEC_SEED=${SEED})`, () => {
  let house: House;
  let encargada: Client;
  let cashiers: Client[];
  let centro: Shop;
  const orders: string[] = [];

  beforeAll(async () => {
    house = await House.open();
    encargada = await house.as('encargada');
    const admin = await house.as('admin');
    cashiers = [await house.as('vendedora'), await house.as('vendedora.norte'), encargada];
    const odd = await admin.post('sales/services', { code: 'IMPAR', name: 'Impar', price: 1_237 });
    centro = await shop(encargada);
    centro = { ...centro, services: { ...centro.services, IMPAR: String(odd.body.id) } };
  });

  async function liveOneDay(client: Client, index: number, random: () => number): Promise<void> {
    const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
    const amount = (): number => 1 + Math.floor(random() * 6_000);
    const opened = await client.post('payments/cash-sessions', {
      ...{ registerId: centro.registerIds[index], openingAmount: Math.floor(random() * 50_000) },
    });
    expect(opened.status).toBe(201);
    const session = `payments/cash-sessions/${String(opened.body.id)}`;
    const mine: PaymentBody[] = [];
    const acts: (() => Promise<{ status: number }>)[] = [
      async () => {
        const order = await takeOrder(client, centro, 1 + Math.floor(random() * 3), 'IMPAR');
        orders.push(order.id);
        return { status: 201 };
      },
      async () => {
        const method = pick(['cash', 'cash', 'debit', 'credit', 'transfer']);
        const body = { orderId: pick(orders) ?? kernel.newId(), method, amount: amount() };
        const paid = await client.pay('payments/payments', body);
        if (paid.status === 201) mine.push(paid.body as PaymentBody);
        return paid;
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
        const edit = { amount: amount(), method: pick(['cash', 'debit']), reason: 'al azar' };
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
      const sessions = await all<{
        id: string;
        openingAmount: number;
        expectedAmount: number;
        dailyCutId: string | null;
      }>('payments/cash-sessions');
      for (const session of sessions) {
        const inSession = <T extends { cashSessionId: string }>(rows: T[]): T[] =>
          rows.filter(({ cashSessionId }) => cashSessionId === session.id);
        const cash = inSession(payments).filter(({ method }) => method === 'cash');
        const moved = sum(inSession(entries).map(({ amount }) => amount));
        expect(session.openingAmount + sum(cash.map(({ amount }) => amount)) + moved).toBe(
          session.expectedAmount,
        );
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
      expect(await ledgerCheckOf(house)).toEqual([]);
    },
    120_000,
  );

  it('would be seen not to add up: the check finds a figure that somebody changed', async () => {
    const [session] = await house.rows<{ id: string }>(
      'owner',
      `UPDATE payments_cash_session SET expected_amount = expected_amount + 1
       WHERE id = (SELECT id FROM payments_cash_session LIMIT 1) RETURNING id`,
    );
    const [order] = await house.rows<{ id: string }>(
      'owner',
      `UPDATE sales_order SET paid_amount = paid_amount - 1
       WHERE id = (SELECT id FROM sales_order WHERE paid_amount > 0 LIMIT 1) RETURNING id`,
    );
    const drifts = await ledgerCheckOf(house);
    expect(
      drifts.map(({ what, id, stored, recomputed }) => [what, id, stored - recomputed]),
    ).toEqual([
      ['session', session?.id, 1],
      ['order', order?.id, -1],
    ]);
    await house.app.get(kernel.Schedules).runOnce('payments.check-ledger', new Date());
    const told = await encargada.get('audit/events?action=ledger.drift');
    expect(told.body.items.map(({ subjectId }: { subjectId: string }) => subjectId).sort()).toEqual(
      [session?.id, order?.id].sort(),
    );
  });
});
