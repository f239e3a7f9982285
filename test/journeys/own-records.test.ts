import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

/** Whose cash it is: a vendedora sees and touches her own, encargada and admin all, contador reads. */
describe('own records', () => {
  let house: House;
  let vera: Client;
  let nora: Client;
  let encargada: Client;
  let contador: Client;
  let centro: Shop;
  let veraSession: string;
  let veraPayment: string;

  beforeAll(async () => {
    house = await House.open();
    [vera, nora, encargada, contador] = await Promise.all([
      house.as('vendedora'),
      house.as('vendedora.norte'),
      house.as('encargada'),
      house.as('contador'),
    ]);
    centro = await shop(vera);
    veraSession = await openSession(vera, centro.registerIds[0] ?? '');
    const { id: orderId, total } = await takeOrder(vera, centro);
    const paid = await vera.pay('payments/payments', { orderId, method: 'cash', amount: total });
    veraPayment = String(paid.body.id);
  });

  it('hides a colleague’s sessions and payments from a vendedora', async () => {
    for (const path of [`cash-sessions/${veraSession}`, `payments/${veraPayment}`]) {
      expect((await vera.get(`payments/${path}`)).status).toBe(200);
      const hidden = await nora.get(`payments/${path}`);
      expect(hidden.status).toBe(404);
      expect(hidden.body.code).toBe('kernel.not-found');
    }
    expect((await nora.get('payments/cash-sessions')).body.items).toEqual([]);
    expect((await nora.get('payments/payments')).body.items).toEqual([]);
    expect((await nora.get(`payments/payments?cashSessionId=${veraSession}`)).body.items).toEqual(
      [],
    );
  });

  it('lets a vendedora neither end nor close a colleague’s session', async () => {
    const end = await nora.post(`payments/cash-sessions/${veraSession}/end`, {});
    const close = await nora.post(`payments/cash-sessions/${veraSession}/close`, {
      countedAmount: 0,
    });
    expect([end.status, close.status]).toEqual([404, 404]);
    expect((await vera.get(`payments/cash-sessions/${veraSession}`)).body.state).toBe('open');
  });

  it('charges into the caller’s own session and into no other', async () => {
    const { id: orderId } = await takeOrder(nora, centro);
    const refused = await nora.pay('payments/payments', { orderId, method: 'cash', amount: 100 });
    expect(refused.status).toBe(409);
    expect(refused.body.code).toBe('payments.no-open-cash-session');
    expect((await nora.get(`sales/orders/${orderId}`)).body.paidAmount).toBe(0);
  });

  it('shows the company’s cash to encargada and contador; the contador changes nothing', async () => {
    for (const reader of [encargada, contador]) {
      expect((await reader.get(`payments/cash-sessions/${veraSession}`)).status).toBe(200);
      expect((await reader.get('payments/payments')).body.items).toHaveLength(1);
    }
    const registerId = centro.registerIds[1];
    for (const answer of await Promise.all([
      contador.post('payments/cash-sessions', { registerId, openingAmount: 0 }),
      contador.post(`payments/cash-sessions/${veraSession}/close`, { countedAmount: 0 }),
      contador.post('sales/customers', { name: 'Nadie' }),
      contador.pay('payments/payments', { orderId: veraSession, method: 'cash', amount: 1 }),
    ])) {
      expect(answer.status).toBe(403);
      expect(answer.body.code).toBe('kernel.forbidden');
    }
  });

  it('lets every signed-in role read branches, registers and services', async () => {
    for (const login of ['admin', 'encargada', 'vendedora', 'vendedora.norte', 'contador']) {
      const reader = await house.as(login);
      const answers = await Promise.all(
        ['base/branches', 'base/registers', 'sales/services'].map((path) => reader.get(path)),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(answers.map(({ body }) => body.items.length)).toEqual([2, 6, 10]);
    }
  });

  it('lets the encargada close a session that is not hers, and names her as the one who did', async () => {
    const closed = await encargada.post(`payments/cash-sessions/${veraSession}/close`, {
      countedAmount: 27_470,
    });
    expect(closed.status).toBe(200);
    expect(closed.body.difference).toBe(0);
    const found = await encargada.get('audit/events?action=cash_session.closed');
    expect(found.body.items[0]).toMatchObject({ actorLogin: 'encargada', subjectId: veraSession });
  });
});
