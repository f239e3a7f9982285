import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel, openSession, runCli, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

/** The corte: what it freezes, that it comes out again, and that a changed row is seen. */
describe('daily cut', () => {
  const date = kernel.businessDay(new Date());
  let house: House;
  let vendedora: Client;
  let encargada: Client;
  let admin: Client;
  let centro: Shop;
  let day: { branchId: string; date: string };

  beforeAll(async () => {
    house = await House.open();
    [vendedora, encargada, admin] = await Promise.all([
      house.as('vendedora'),
      house.as('encargada'),
      house.as('admin'),
    ]);
    centro = await shop(vendedora);
    day = { branchId: centro.branchId, date };
  });

  const verify = (): ReturnType<typeof runCli> =>
    runCli(['payments', 'verify-cut', '--json'], {
      ...{ DATABASE_URL: house.urls.application, DATABASE_OWNER_URL: house.urls.owner },
    });

  it('reads the day at any time, freezes it at the end, and both say the same', async () => {
    const odd = await admin.post('sales/services', { code: 'IMPAR', name: 'Impar', price: 4_003 });
    centro = { ...centro, services: { ...centro.services, IMPAR: String(odd.body.id) } };
    const sessionId = await openSession(vendedora, centro.registerIds[0] ?? '', 10_000);
    await openSession(encargada, centro.registerIds[1] ?? '', 0);
    const pay = (orderId: string, method: string, amount: number): ReturnType<Client['pay']> =>
      vendedora.pay('payments/payments', { orderId, method, amount });

    const first = await takeOrder(vendedora, centro, 1, 'IMPAR');
    await pay(first.id, 'cash', 4_003);
    await vendedora.post(`sales/orders/${first.id}/deliver`);
    const second = await takeOrder(vendedora, centro, 2, 'IMPAR');
    const card = await pay(second.id, 'debit', 3_000);
    await vendedora.pay(`payments/payments/${String(card.body.id)}/void`, {
      reason: 'otra tarjeta',
    });
    await pay(second.id, 'credit', 1_000);
    const third = await takeOrder(vendedora, centro, 1, 'CAMISA');
    await vendedora.post(`sales/orders/${third.id}/cancel`, { reason: 'no quiso esperar' });
    await vendedora.pay(`payments/cash-sessions/${sessionId}/movements`, {
      ...{ type: 'drop', amount: 5_000, reason: 'a la caja fuerte' },
    });

    const reading = await encargada.post('payments/daily-cuts/reading', day);
    expect(reading.status).toBe(200);
    const cash = { rounding: -3, cashIn: 0, cashOut: 0, drops: -5_000, voids: -3_000, refunds: 0 };
    expect(reading.body).toMatchObject({
      ...{ total: 5_003, payments: 3 },
      cash: { ...cash, difference: 0 },
      orders: {
        taken: { orders: 3, amount: 14_499 },
        delivered: { orders: 1, amount: 4_003 },
        cancelled: { orders: 1, amount: 2_490 },
        outstanding: { orders: 1, amount: 7_006 },
      },
    });
    expect((await vendedora.post('payments/daily-cuts/reading', day)).status).toBe(403);

    const open = await encargada.post('payments/daily-cuts', { ...day, force: true });
    expect([open.status, open.body.code]).toEqual([403, 'kernel.forbidden']);
    const early = await encargada.post('payments/daily-cuts', day);
    expect([early.status, early.body.code]).toEqual([409, 'payments.sessions-not-closed']);
    await vendedora.post(`payments/cash-sessions/${sessionId}/close`, { countedAmount: 8_990 });
    const cut = await admin.post('payments/daily-cuts', { ...day, force: true });
    expect(cut.status).toBe(201);
    expect(cut.body).toMatchObject({
      ...{ total: 5_003, payments: 3, forced: true, sequence: 1 },
      cash: { ...cash, difference: -10 },
      orders: reading.body.orders,
    });
    expect(cut.body.bySession).toHaveLength(1);
    expect(cut.body.rowsHash).toMatch(/^[0-9a-f]{64}$/);

    const own = (await encargada.get('payments/cash-sessions?state=open')).body.items[0];
    await encargada.post(`payments/cash-sessions/${String(own.id)}/close`, { countedAmount: 0 });
    const rest = await encargada.post('payments/daily-cuts', day);
    expect(rest.body).toMatchObject({ sequence: 2, forced: false, total: 0 });
    expect(rest.body.bySession).toHaveLength(1);
  });

  it('is cut once, whoever asks at once, and no session falls between two cuts', async () => {
    const norte = await shop(admin, 'NORTE');
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        encargada.post('payments/daily-cuts', { ...day, branchId: norte.branchId }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it('comes out again from its rows, and a row that somebody changed is seen', async () => {
    const sound = await verify();
    expect([sound.code, JSON.parse(sound.output)]).toEqual([0, { companies: 1, differing: 0 }]);
    const change = (by: number): Promise<unknown[]> =>
      house.rows(
        'owner',
        `UPDATE payments_payment SET amount = amount + $1, collected = collected + $1, tendered = tendered + $1
         WHERE kind = 'charge' AND method = 'credit'`,
        { values: [by] },
      );
    await change(1);
    const broken = await verify();
    expect(broken.code).toBe(1);
    expect(broken.output).toContain(`These cuts differ from their rows: ${date}/1`);
    await change(-1);
    // A void and a refund of equal sums change no total; the hash sees them all the same.
    await house.rows('owner', `UPDATE payments_payment SET kind = 'refund' WHERE kind = 'void'`);
    expect((await verify()).code).toBe(1);
    await house.rows('owner', `UPDATE payments_payment SET kind = 'void' WHERE kind = 'refund'`);
    expect((await verify()).code).toBe(0);
  });

  it('is not made for a day to come or a branch that is not there', async () => {
    const later = await encargada.post('payments/daily-cuts', { ...day, date: '2199-01-01' });
    expect([later.status, later.body.code]).toEqual([422, 'payments.day-in-future']);
    const absent = await encargada.post('payments/daily-cuts', {
      ...day,
      branchId: kernel.newId(),
    });
    expect(absent.status).toBe(404);
    expect((await vendedora.post('payments/daily-cuts', day)).status).toBe(403);
  });
});
