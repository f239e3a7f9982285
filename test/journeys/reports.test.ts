import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

/** What a manager asks at the end of a week. */
describe('reports', () => {
  const today = kernel.businessDay(new Date());
  let house: House;
  let encargada: Client;
  let centro: Shop;

  beforeAll(async () => {
    house = await House.open();
    encargada = await house.as('encargada');
    centro = await shop(encargada);
    for (const [login, counts] of [
      ['vendedora', [900, 1_250, 1_000]],
      ['vendedora.norte', [400]],
    ] as const) {
      const cashier = await house.as(login);
      for (const countedAmount of counts) {
        const id = await openSession(cashier, centro.registerIds[0] ?? '', 1_000);
        await cashier.post(`payments/cash-sessions/${id}/close`, { countedAmount });
      }
    }
  });

  it('add cash differences up by cashier, worst first', async () => {
    const report = await encargada.get(`payments/reports/differences?from=${today}&to=${today}`);
    expect(report.status).toBe(200);
    expect(report.body.items).toMatchObject([
      { sessions: 1, differing: 1, shortage: -600, surplus: 0, net: -600 },
      { sessions: 3, differing: 2, shortage: -100, surplus: 250, net: 150 },
    ]);
    const norte = await shop(encargada, 'NORTE');
    const path = `payments/reports/differences?from=${today}&to=${today}&branchId=${norte.branchId}`;
    expect((await encargada.get(path)).body.items).toEqual([]);
    expect(
      (await encargada.get('payments/reports/differences?from=2020-01-01&to=2020-12-31')).body
        .items,
    ).toEqual([]);
  });

  it('sort balances due by age', async () => {
    const ages = [0, 7, 8, 30, 31, 90, 91, 400];
    for (const age of ages) {
      const { id } = await takeOrder(encargada, centro, 1);
      await house.rows(
        'owner',
        `UPDATE sales_order SET business_date = $1::date - $2::integer WHERE id = $3`,
        {
          values: [today, age, id],
        },
      );
    }
    const { id } = await takeOrder(encargada, centro, 1);
    await encargada.post(`sales/orders/${id}/cancel`, { reason: 'no cuenta' });
    const { body } = await encargada.get('payments/reports/ageing');
    expect(body.items).toEqual(
      ['0-7', '8-30', '31-90', '91-'].map((days) => ({
        ...{ branchId: centro.branchId, days, orders: 2, balance: 4_980 },
      })),
    );
  });

  it('count what is owed after it was handed over, until it is paid, and again when that goes back', async () => {
    const admin = await house.as('admin');
    const norte = await shop(admin, 'NORTE');
    await openSession(admin, norte.registerIds[0] ?? '', 0);
    await admin.put('base/settings/DELIVER_WITH_BALANCE', { value: true }, 0);
    const { id: orderId, total } = await takeOrder(admin, norte, 1);
    const owed = async (): Promise<unknown> => {
      const path = `payments/reports/ageing?branchId=${norte.branchId}`;
      return ((await admin.get(path)).body.items as { balance: number }[]).map((b) => b.balance);
    };
    const pay = async (amount: number): Promise<string> => {
      const body = { orderId, method: 'debit', amount };
      return String((await admin.pay('payments/payments', body)).body.id);
    };
    await pay(1_000);
    expect((await admin.post(`sales/orders/${orderId}/deliver`)).status).toBe(200);
    expect(await owed()).toEqual([total - 1_000]);
    await pay(490);
    expect(await owed()).toEqual([total - 1_490]);
    const last = await pay(total - 1_490);
    expect(await owed()).toEqual([]);
    const back = { amount: 500, reason: 'faltaba un botón' };
    expect((await admin.pay(`payments/payments/${last}/refund`, back)).status).toBe(200);
    expect(await owed()).toEqual([500]);
  });

  it.each([
    ['', 400],
    ['?from=2026-01-01', 400],
    ['?from=2026-02-30&to=2026-03-01', 400],
    ['?from=2026-01-01&to=2026-01-31&color=azul', 400],
    ['?from=2026-01-31&to=2026-01-01', 422],
    ['?from=2024-01-01&to=2026-01-01', 422],
  ])('answer %s with %i', async (query, status) => {
    expect((await encargada.get(`payments/reports/differences${query}`)).status).toBe(status);
  });

  it('are for managers and accountants', async () => {
    for (const [login, status] of [
      ['contador', 200],
      ['vendedora', 403],
    ] as const) {
      const reader = await house.as(login);
      expect((await reader.get('payments/reports/ageing')).status).toBe(status);
    }
  });
});
