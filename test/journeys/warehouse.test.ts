import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel, openSession, runCli, shop, takeOrder, warehouse } from '#test';
import type { Client, Shop } from '#test';

/** What was sold, as the warehouse tells it: the books' own figures, and as they were known then. */
describe('the data warehouse', () => {
  let house: House;
  let admin: Client;
  let vendedora: Client;
  let centro: Shop;
  const today = kernel.businessDay(new Date());
  const period = today.slice(0, 4) + today.slice(5, 7);
  const days = `from=${today}&to=${today}`;

  beforeAll(async () => {
    house = await House.open();
    [admin, vendedora] = await Promise.all([house.as('admin'), house.as('vendedora')]);
    await admin.put('base/settings/DELIVER_WITH_BALANCE', { value: true }, 0);
    centro = await shop(vendedora);
    await warehouse.loadAll(house);
  });

  const cli = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(['warehouse', ...args], {
      DATABASE_URL: house.urls.application,
      DATABASE_OWNER_URL: house.urls.owner,
    });

  const report = async (path: string): Promise<Record<string, unknown>[]> => {
    await warehouse.loadAll(house);
    const answer = await admin.get(`warehouse/reports/${path}`);
    expect([answer.status, answer.text]).toEqual([200, answer.text]);
    return answer.body['items'] as Record<string, unknown>[];
  };

  const pay = async (orderId: string, amount: number, method = 'debit'): Promise<string> => {
    const paid = await vendedora.pay('payments/payments', { orderId, method, amount });
    expect([paid.status, paid.text]).toEqual([201, paid.text]);
    return String(paid.body['id']);
  };

  it('tells a day as it is, and as it was known at any moment of it', async () => {
    await openSession(vendedora, centro.registerIds[0] ?? '');
    const first = await takeOrder(vendedora, centro, 2);
    const charge = await pay(first.id, 1_000);
    const second = await takeOrder(vendedora, centro, 1);
    const [before] = await report(`sales-by-day?${days}`);
    const sum = first.total + second.total;
    expect(before).toMatchObject({ date: today, branchId: centro.branchId, orders: 2, sold: sum });
    expect(before).toMatchObject({ payments: 1, paid: 1_000, cancelledOrders: 0 });
    const asOf = new Date().toISOString();

    const voided = await vendedora.pay(`payments/payments/${charge}/void`, { reason: 'error' });
    expect([voided.status, voided.text]).toEqual([200, voided.text]);
    const cancelled = await vendedora.post(`sales/orders/${second.id}/cancel`, { reason: 'no' });
    expect(cancelled.status).toBe(200);
    const [after] = await report(`sales-by-day?${days}`);
    expect(after).toMatchObject({ orders: 1, sold: first.total, payments: 1, paid: 0 });
    expect(after).toMatchObject({ cancelledOrders: 1, cancelledAmount: second.total });
    expect(await report(`sales-by-day?${days}&asOf=${asOf}`)).toEqual([before]);
    expect(await warehouse.verify(house)).toEqual([]);
  });

  it('loads by command, again without any effect, and compares itself with the books', async () => {
    await warehouse.loadAll(house);
    const again = await cli('load', '--json');
    expect([again.code, JSON.parse(again.output)]).toMatchObject([0, { rows: 0 }]);
    const verified = await cli('verify', '--json');
    expect([verified.code, verified.output]).toEqual([0, verified.output]);
    expect(JSON.parse(verified.output)).toMatchObject({ companies: 1, differences: 0 });
    expect(period).toHaveLength(6);
  });
});
