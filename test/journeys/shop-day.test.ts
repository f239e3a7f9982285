import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel, shop } from '#test';
import type { Client, Shop } from '#test';

/** The business regression: a shop's day from the float to the cut, to the peso. */
describe('a shop’s day', () => {
  let house: House;
  let vendedora: Client;
  let encargada: Client;
  let centro: Shop;

  beforeAll(async () => {
    house = await House.open();
    vendedora = await house.as('vendedora');
    encargada = await house.as('encargada');
    centro = await shop(vendedora);
  });

  it('opens cash, takes an order, charges it, delivers it, closes, cuts', async () => {
    const opened = await vendedora.post('payments/cash-sessions', {
      registerId: centro.registerIds[0],
      openingAmount: 20_000,
    });
    expect(opened.status).toBe(201);
    expect(opened.body).toMatchObject({
      state: 'open',
      openingAmount: 20_000,
      expectedAmount: null,
    });

    const order = await vendedora.post('sales/orders', {
      branchId: centro.branchId,
      promisedAt: '2027-01-02T15:00:00-03:00',
      lines: [
        { serviceId: centro.services['CAMISA'], quantity: 3, garmentTags: ['A-1', 'A-2', 'A-3'] },
        { serviceId: centro.services['LAVADO-KG'], quantity: 2.5, notes: 'sin suavizante' },
      ],
    });
    expect(order.status).toBe(201);
    // 3 × 2,490 + 2.5 × 2,990
    expect(order.body).toMatchObject({ total: 14_945, balance: 14_945, state: 'received' });
    expect(order.body.ticket).toMatch(/^CENTRO-\d+$/);
    expect(order.body.promisedAt).toBe('2027-01-02T18:00:00.000Z');
    const orderId = String(order.body.id);

    const card = await vendedora.pay('payments/payments', {
      orderId,
      method: 'debit',
      amount: 4_945,
    });
    expect(card.status).toBe(201);
    expect(card.body).toMatchObject({ amount: 4_945, tendered: 4_945, change: 0 });
    const cash = await vendedora.pay('payments/payments', {
      orderId,
      method: 'cash',
      amount: 10_000,
      tendered: 20_000,
    });
    expect(cash.body).toMatchObject({ amount: 10_000, tendered: 20_000, change: 10_000 });

    for (const [verb, state] of [
      ['start', 'in_process'],
      ['ready', 'ready'],
      ['deliver', 'delivered'],
    ]) {
      const moved = await vendedora.post(`sales/orders/${orderId}/${verb}`);
      expect(moved.status).toBe(200);
      expect(moved.body).toMatchObject({ state, balance: 0, paidAmount: 14_945 });
    }

    const sessionId = String(opened.body.id);
    expect((await vendedora.post(`payments/cash-sessions/${sessionId}/end`, {})).status).toBe(200);
    const closed = await vendedora.post(`payments/cash-sessions/${sessionId}/close`, {
      countedAmount: 29_900,
      note: 'faltan cien pesos',
    });
    expect(closed.status).toBe(200);
    expect(closed.body).toMatchObject({
      state: 'closed',
      expectedAmount: 30_000,
      countedAmount: 29_900,
      difference: -100,
    });

    const date = kernel.businessDay(new Date());
    const cut = await encargada.post('payments/daily-cuts', { branchId: centro.branchId, date });
    expect(cut.status).toBe(201);
    expect(cut.body).toMatchObject({ date, sequence: 1, total: 14_945, payments: 2 });
    expect(cut.body.byMethod).toEqual([
      { method: 'cash', amount: 10_000, payments: 1 },
      { method: 'debit', amount: 4_945, payments: 1 },
      { method: 'credit', amount: 0, payments: 0 },
      { method: 'transfer', amount: 0, payments: 0 },
    ]);
    expect(cut.body.bySession).toEqual([
      expect.objectContaining({ cashSessionId: sessionId, amount: 14_945, difference: -100 }),
    ]);
  });

  it('left the day in the audit, with actor, address, request and the changed fields', async () => {
    const found = await encargada.get('audit/events?limit=200');
    expect(found.status).toBe(200);
    const events = found.body.items as { action: string; actorLogin: string; ip: string }[];
    const actions = events.filter(({ actorLogin }) => actorLogin !== 'demo').map((e) => e.action);
    for (const action of [
      'session.started',
      'cash_session.opened',
      'order.created',
      'payment.created',
      'order.started',
      'order.made_ready',
      'order.delivered',
      'cash_session.ended',
      'cash_session.closed',
      'daily_cut.made',
    ]) {
      expect(actions).toContain(action);
    }
    expect(actions.filter((action) => action === 'payment.created')).toHaveLength(2);

    const closings = await encargada.get('audit/events?action=cash_session.closed');
    expect(closings.body.items).toHaveLength(1);
    expect(closings.body.items[0]).toMatchObject({
      actorLogin: 'vendedora',
      actorRoles: ['vendedora'],
      ip: '127.0.0.1',
      payload: { expectedAmount: 30_000, countedAmount: 29_900, difference: -100 },
      changes: { state: { before: 'ended', after: 'closed' } },
    });
    expect(closings.body.items[0].requestId).not.toBe('');
  });

  it('cuts the same day again only for sessions opened later, each in exactly one cut', async () => {
    const date = kernel.businessDay(new Date());
    const body = { branchId: centro.branchId, date };
    const again = await encargada.post('payments/daily-cuts', body);
    expect(again.status).toBe(409);
    expect(again.body.code).toBe('payments.day-already-cut');

    const late = await vendedora.post('payments/cash-sessions', {
      registerId: centro.registerIds[1],
      openingAmount: 0,
    });
    const early = await encargada.post('payments/daily-cuts', body);
    expect(early.status).toBe(409);
    expect(early.body).toMatchObject({
      code: 'payments.sessions-not-closed',
      cashSessionIds: [late.body.id],
    });
    await vendedora.post(`payments/cash-sessions/${late.body.id}/close`, { countedAmount: 0 });
    const second = await encargada.post('payments/daily-cuts', body);
    expect(second.status).toBe(201);
    expect(second.body).toMatchObject({ sequence: 2, total: 0 });
    expect(second.body.bySession).toHaveLength(1);
  });

  it('keeps unpaid orders beyond the session and delivers them by the company’s setting', async () => {
    const admin = await house.as('admin');
    const order = await vendedora.post('sales/orders', {
      branchId: centro.branchId,
      lines: [{ serviceId: centro.services['TERNO'], quantity: 1 }],
    });
    const refused = await vendedora.post(`sales/orders/${order.body.id}/deliver`);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'sales.order-has-balance', balance: 8_990 });

    const setting = await admin.get('base/settings/DELIVER_WITH_BALANCE');
    expect(setting.body).toMatchObject({ value: false, version: 0 });
    const put = await admin.put('base/settings/DELIVER_WITH_BALANCE', { value: true }, 0);
    expect(put.status).toBe(200);
    const delivered = await vendedora.post(`sales/orders/${order.body.id}/deliver`);
    expect(delivered.status).toBe(200);
    expect(delivered.body).toMatchObject({ state: 'delivered', balance: 8_990 });

    await vendedora.post('payments/cash-sessions', {
      registerId: centro.registerIds[2],
      openingAmount: 0,
    });
    const paid = await vendedora.pay('payments/payments', {
      orderId: order.body.id,
      method: 'transfer',
      amount: 8_990,
    });
    expect(paid.status).toBe(201);
    expect((await vendedora.get(`sales/orders/${order.body.id}`)).body.balance).toBe(0);
  });
});
