import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

/** The money path beyond a plain day: rounding, movements, counts, corrections, money back. */
describe('cash in depth', () => {
  let house: House;
  let vendedora: Client;
  let norte: Client;
  let encargada: Client;
  let admin: Client;
  let centro: Shop;

  beforeAll(async () => {
    house = await House.open();
    [vendedora, norte, encargada, admin] = await Promise.all([
      house.as('vendedora'),
      house.as('vendedora.norte'),
      house.as('encargada'),
      house.as('admin'),
    ]);
    centro = await shop(vendedora);
  });

  async function closeAt(
    client: Client,
    id: string,
    countedAmount = 0,
  ): Promise<Record<string, unknown>> {
    const closed = await client.post(`payments/cash-sessions/${id}/close`, { countedAmount });
    expect(closed.status).toBe(200);
    return closed.body as Record<string, unknown>;
  }

  /** An order over any total: one piece of a service that costs it. */
  async function orderOf(total: number): Promise<string> {
    const code = `P${total}`;
    if (!(code in centro.services)) {
      const made = await admin.post('sales/services', { code, name: code, price: total });
      centro = { ...centro, services: { ...centro.services, [code]: String(made.body.id) } };
    }
    return (await takeOrder(vendedora, centro, 1, code)).id;
  }

  describe('Ley 20.956', () => {
    it.each([
      [1_000, 1_000],
      [1_001, 1_000],
      [1_005, 1_000],
      [1_006, 1_010],
      [1_009, 1_010],
    ])(
      'collects %i in cash as %i, the difference as an entry of its own',
      async (amount, collected) => {
        const sessionId = await openSession(vendedora, centro.registerIds[0] ?? '', 0);
        const orderId = await orderOf(amount);
        const paid = await vendedora.pay('payments/payments', {
          orderId,
          method: 'cash',
          amount,
          tendered: 2_000,
        });
        expect(paid.status).toBe(201);
        expect(paid.body).toMatchObject({
          amount,
          collected,
          tendered: 2_000,
          change: 2_000 - collected,
        });
        expect((await vendedora.get(`sales/orders/${orderId}`)).body.balance).toBe(0);
        const entries = await vendedora.get(`payments/entries?paymentId=${paid.body.id}`);
        expect(
          entries.body.items.map(({ kind, amount: part }: Record<string, unknown>) => [kind, part]),
        ).toEqual(collected === amount ? [] : [['rounding', collected - amount]]);
        const closed = await closeAt(vendedora, sessionId, collected);
        expect(closed).toMatchObject({ expectedAmount: collected, difference: 0 });
      },
    );

    it('rounds no card, and demands the rounded cash', async () => {
      const sessionId = await openSession(vendedora, centro.registerIds[0] ?? '', 0);
      const orderId = await orderOf(1_009);
      const short = await vendedora.pay('payments/payments', {
        orderId,
        method: 'cash',
        amount: 1_009,
        tendered: 1_000,
      });
      expect([short.status, short.body.code, short.body.collected]).toEqual([
        ...[422, 'payments.tendered-too-little', 1_010],
      ]);
      const card = await vendedora.pay('payments/payments', {
        ...{ orderId, method: 'debit', amount: 1_009, reference: 'V-0042' },
      });
      expect(card.body).toMatchObject({ amount: 1_009, collected: 1_009, reference: 'V-0042' });
      const closed = await closeAt(vendedora, sessionId);
      expect(closed['byMethod']).toContainEqual({
        ...{ method: 'debit', expected: 1_009, counted: null, difference: null },
      });
    });
  });

  describe('movements', () => {
    let sessionId: string;

    it('move cash with a reason, never more than there is, and count in what is expected', async () => {
      sessionId = await openSession(vendedora, centro.registerIds[0] ?? '', 10_000);
      const move = (body: object, key?: string): ReturnType<Client['pay']> =>
        vendedora.pay(`payments/cash-sessions/${sessionId}/movements`, body, key);
      const sencillo = { type: 'cash_in', amount: 5_000, reason: 'sencillo del banco' };
      expect((await move(sencillo, 'sencillo-1')).body).toMatchObject({
        kind: 'cash_in',
        amount: 5_000,
      });
      expect((await move(sencillo, 'sencillo-1')).headers['idempotency-replayed']).toBe('true');
      const out = await move({ type: 'cash_out', amount: 3_000, reason: 'bolsas' });
      expect(out.body).toMatchObject({ kind: 'cash_out', amount: -3_000, reason: 'bolsas' });
      const much = await move({ type: 'drop', amount: 12_001, reason: 'a la caja fuerte' });
      expect([much.status, much.body.code]).toEqual([422, 'payments.not-enough-cash']);
      expect((await move({ type: 'drop', amount: 2_000, reason: 'a la caja fuerte' })).status).toBe(
        201,
      );
      for (const wrong of [
        { reason: undefined },
        { type: 'gift' },
        { amount: 0 },
        { amount: -5 },
      ]) {
        expect((await move({ ...sencillo, ...wrong })).status).toBe(400);
      }
    });

    it('never take more than the drawer holds, whatever comes at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 12 }, () =>
          vendedora.pay(`payments/cash-sessions/${sessionId}/movements`, {
            ...{ type: 'drop', amount: 3_000, reason: 'a la vez' },
          }),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    });

    it('are undone once, by a contra entry', async () => {
      const list = await vendedora.get(`payments/entries?cashSessionId=${sessionId}&kind=cash_out`);
      const id = String(list.body.items[0].id);
      const undo = (): ReturnType<Client['pay']> =>
        vendedora.pay(`payments/entries/${id}/undo`, { reason: 'las bolsas volvieron' });
      const both = await Promise.all([undo(), undo()]);
      expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
      const contra = both.find(({ status }) => status === 201)?.body as Record<string, unknown>;
      expect(contra).toMatchObject({ kind: 'cash_out', amount: 3_000, undoesId: id });
      const again = await vendedora.pay(`payments/entries/${String(contra['id'])}/undo`, {
        reason: 'otra vez',
      });
      expect([again.status, again.body.code]).toEqual([409, 'payments.not-a-movement']);
      expect((await norte.pay(`payments/entries/${id}/undo`, { reason: 'no es mía' })).status).toBe(
        404,
      );
    });

    it('are over when the session is', async () => {
      const closed = await closeAt(vendedora, sessionId, 4_000);
      // 10,000 + 5,000 − 3,000 − 2,000 − 3 × 3,000 + 3,000
      expect(closed).toMatchObject({ expectedAmount: 4_000, difference: 0 });
      const late = await vendedora.pay(`payments/cash-sessions/${sessionId}/movements`, {
        ...{ type: 'cash_in', amount: 1, reason: 'tarde' },
      });
      expect([late.status, late.body.code]).toEqual([409, 'payments.cash-session-not-open']);
    });
  });

  describe('counting', () => {
    it('adds notes and coins up, and refuses a sum that differs', async () => {
      const registerId = centro.registerIds[0];
      const denominations = [
        { value: 10_000, count: 1 },
        { value: 500, count: 3 },
      ];
      const wrong = await vendedora.post('payments/cash-sessions', {
        ...{ registerId, openingAmount: 12_000, denominations },
      });
      expect([wrong.status, wrong.body.code]).toEqual([422, 'payments.count-differs']);
      const odd = [{ value: 3_000, count: 1 }];
      const none = { registerId, openingAmount: 3_000, denominations: odd };
      expect((await vendedora.post('payments/cash-sessions', none)).status).toBe(400);
      const opened = await vendedora.post('payments/cash-sessions', {
        ...{ registerId, openingAmount: 11_500, denominations },
      });
      // The register's last session was closed with 4,000.
      expect(opened.body).toMatchObject({
        openingDifference: 7_500,
        openingDenominations: denominations,
      });
      const path = `payments/cash-sessions/${opened.body.id}`;
      const empty = await vendedora.post(`${path}/close`, {});
      expect([empty.status, empty.body.code]).toEqual([422, 'payments.cash-not-counted']);
      expect((await vendedora.get(path)).body.state).toBe('open');
      const counted = await encargada.post(`${path}/count`, { denominations });
      expect(counted.body).toMatchObject({ state: 'ended', countedAmount: 11_500 });
      const closed = await vendedora.post(`${path}/close`, {
        countedByMethod: [{ method: 'debit', amount: 500 }],
      });
      expect(closed.body).toMatchObject({ state: 'closed', countedAmount: 11_500, difference: 0 });
      expect(closed.body.countedBy).not.toBe(closed.body.cashierId);
      expect(closed.body.byMethod).toContainEqual({
        ...{ method: 'debit', expected: 0, counted: 500, difference: 500 },
      });
    });
  });

  describe('corrections', () => {
    let sessionId: string;
    let orderId: string;
    let paymentId: string;

    it('edit a charge of an open session: both rows stay, the order and the drawer follow', async () => {
      sessionId = await openSession(vendedora, centro.registerIds[0] ?? '', 0);
      orderId = await orderOf(8_000);
      const paid = await vendedora.pay('payments/payments', {
        orderId,
        method: 'cash',
        amount: 8_000,
      });
      const path = `payments/payments/${paid.body.id}`;
      const edit = { method: 'debit', amount: 7_000, reason: 'era con tarjeta' };
      expect((await vendedora.patch(path, edit)).status).toBe(428);
      const edited = await vendedora.patch(path, edit, 1);
      expect(edited.status).toBe(200);
      expect(edited.body).toMatchObject({
        ...{ method: 'debit', amount: 7_000 },
        replacesId: paid.body.id,
      });
      paymentId = String(edited.body.id);
      const rows = await vendedora.get(`payments/payments?orderId=${orderId}&sort=createdAt`);
      expect(
        rows.body.items.map(({ kind, amount }: Record<string, unknown>) => [kind, amount]),
      ).toEqual([
        ['charge', 8_000],
        ['void', -8_000],
        ['charge', 7_000],
      ]);
      expect((await vendedora.get(`sales/orders/${orderId}`)).body.paidAmount).toBe(7_000);
      const twice = await vendedora.patch(path, edit, 2);
      expect([twice.status, twice.body.code]).toEqual([409, 'payments.payment-reversed']);
      const over = await vendedora.patch(
        `payments/payments/${paymentId}`,
        { amount: 8_001, reason: 'de más' },
        1,
      );
      expect([over.status, over.body.code]).toEqual([422, 'sales.payment-exceeds-balance']);
      expect((await vendedora.get(`payments/payments/${paymentId}`)).body.reversedAmount).toBe(0);
    });

    it('void a charge once, whatever comes at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () =>
          vendedora.pay(`payments/payments/${paymentId}/void`, { reason: 'se equivocó' }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const codes = answers.filter(({ status }) => status !== 200).map(({ body }) => body.code);
      expect(new Set(codes)).toEqual(new Set(['payments.payment-reversed']));
      expect((await vendedora.get(`sales/orders/${orderId}`)).body.paidAmount).toBe(0);
    });

    it('give back a part, and never more than stands', async () => {
      const paid = await vendedora.pay('payments/payments', {
        orderId,
        method: 'cash',
        amount: 8_000,
      });
      const path = `payments/payments/${paid.body.id}`;
      const body = { amount: 3_003, reason: 'mancha' };
      expect((await vendedora.pay(`${path}/refund`, body)).status).toBe(403);
      const none = await encargada.pay(`${path}/refund`, body);
      expect([none.status, none.body.code]).toEqual([409, 'payments.no-open-cash-session']);
      await openSession(encargada, centro.registerIds[1] ?? '', 20_000);
      const back = await encargada.pay(`${path}/refund`, body);
      expect(back.body).toMatchObject({ kind: 'refund', amount: -3_003, collected: -3_000 });
      const answers = await Promise.all(
        Array.from({ length: 6 }, () =>
          encargada.pay(`${path}/refund`, { amount: 2_000, reason: 'a la vez' }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
      expect((await vendedora.get(`sales/orders/${orderId}`)).body.paidAmount).toBe(997);
      paymentId = String(paid.body.id);
    });

    it('round what stays of an order’s cash: all parts together give back what was collected', async () => {
      const id = await orderOf(1_012);
      const paid = await vendedora.pay('payments/payments', {
        orderId: id,
        method: 'cash',
        amount: 1_012,
      });
      expect(paid.body.collected).toBe(1_010);
      const back = async (amount: number): Promise<number> => {
        const path = `payments/payments/${String(paid.body.id)}/refund`;
        const row = await encargada.pay(path, { amount, reason: 'por partes' });
        expect(row.status).toBe(200);
        return Number(row.body.collected);
      };
      // What stays: 1,006 → 1,010, 1,000 → 1,000, 994 → 990, nothing.
      expect([await back(6), await back(6), await back(6), await back(994)]).toEqual([
        0, -10, -10, -990,
      ]);
    });

    it('take back after closing only as a contra entry in another session, with permission', async () => {
      await closeAt(vendedora, sessionId, 9_010);
      const late = await vendedora.patch(
        `payments/payments/${paymentId}`,
        { method: 'debit', reason: 'tarde' },
        4,
      );
      expect([late.status, late.body.code]).toEqual([409, 'payments.payment-in-closed-session']);
      const own = await vendedora.pay(`payments/payments/${paymentId}/void`, { reason: 'tarde' });
      expect([own.status, own.body.code]).toEqual([403, 'kernel.forbidden']);
      const contra = await encargada.pay(`payments/payments/${paymentId}/void`, {
        reason: 'reclamo',
      });
      expect(contra.body).toMatchObject({ kind: 'void', amount: -997, collected: -1_000 });
      expect(contra.body.cashSessionId).not.toBe(sessionId);
      expect((await vendedora.get(`payments/cash-sessions/${sessionId}`)).body.expectedAmount).toBe(
        9_010,
      );
      const cancelled = await encargada.post(`sales/orders/${orderId}/cancel`, {
        reason: 'todo devuelto',
      });
      expect(cancelled.status).toBe(200);
    });

    it('are in the audit under their names, each with its reason', async () => {
      for (const [action, count] of [
        ['payment.edited', 1],
        ['payment.voided', 1],
        ['payment.refunded', 7],
        ['payment.reversed', 1],
        ['cash_movement.undone', 1],
      ] as const) {
        const { items } = (await encargada.get(`audit/events?action=${action}`)).body;
        expect([action, items.length]).toEqual([action, count]);
        if (action.startsWith('payment.')) expect(items[0].reason).not.toBeNull();
      }
    });
  });

  it('lets the application change or delete nothing that a ledger row says', async () => {
    const company = await admin.get('base/company');
    const companyId = String(company.body.id);
    for (const sql of [
      'UPDATE payments_payment SET amount = amount + 1',
      'DELETE FROM payments_payment',
      'UPDATE payments_entry SET amount = amount + 1',
      'DELETE FROM payments_entry',
      'UPDATE payments_daily_cut SET total = 0',
    ]) {
      await expect(house.rows('application', sql, { companyId })).rejects.toThrow(
        'permission denied',
      );
    }
  });
});
