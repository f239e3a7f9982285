import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { foundSecondCompany, House, kernel, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

type Answer = Awaited<ReturnType<Client['get']>>;

/** Money that customers pay ahead: taken, spent, put back, paid out; counted for what it is. */
describe('prepaid balances', () => {
  let house: House;
  let vera: Client;
  let nora: Client;
  let encargada: Client;
  let admin: Client;
  let contador: Client;
  let centro: Shop;
  let veraSession: string;
  let encargadaSession: string;
  let customerId: string;

  beforeAll(async () => {
    house = await House.open();
    [vera, nora, encargada, admin, contador] = await Promise.all([
      house.as('vendedora'),
      house.as('vendedora.norte'),
      house.as('encargada'),
      house.as('admin'),
      house.as('contador'),
    ]);
    centro = await shop(vera);
    veraSession = await openSession(vera, centro.registerIds[0] ?? '', 10_000);
    encargadaSession = await openSession(encargada, centro.registerIds[1] ?? '', 50_000);
  });

  beforeEach(async () => {
    customerId = await newCustomer();
  });

  async function newCustomer(): Promise<string> {
    const made = await vera.post('sales/customers', { name: 'Clienta Inventada' });
    return String(made.body.id);
  }

  const prepay = (amount: number, more: object = {}, client = vera): Promise<Answer> =>
    client.pay(`payments/customers/${customerId}/prepay`, {
      ...{ cashSessionId: client === vera ? veraSession : encargadaSession },
      ...{ method: 'cash', amount, ...more },
    });

  const balance = async (client = vera): Promise<number> =>
    Number((await client.get(`payments/customers/${customerId}/prepaid`)).body.balance);

  async function orderOf(quantity = 1, forCustomer: string | null = customerId): Promise<string> {
    return (await takeOrder(vera, centro, quantity, 'CAMISA', forCustomer ?? undefined)).id;
  }

  const spend = (orderId: string, amount: number, client = vera, more = {}): Promise<Answer> =>
    client.pay('payments/payments', { orderId, method: 'prepaid', amount, ...more });

  const prepaymentId = async (): Promise<string> => {
    const { body } = await vera.get(`payments/customers/${customerId}/prepaid?kind=prepay`);
    return String(body.items[0].id);
  };

  describe('paying ahead', () => {
    it('takes money into the session and the balance, and tells the ledger in pages', async () => {
      expect((await vera.get(`payments/customers/${customerId}/prepaid`)).body).toEqual({
        ...{ customerId, balance: 0, items: [], next: null },
      });
      const key = kernel.newId();
      const body = { cashSessionId: veraSession, method: 'cash', amount: 10_006, tendered: 20_000 };
      const path = `payments/customers/${customerId}/prepay`;
      const paid = await vera.pay(path, body, key);
      expect(paid.status).toBe(201);
      expect(paid.body).toMatchObject({
        ...{ kind: 'prepay', sequence: 1, amount: 10_006, balanceAfter: 10_006 },
        ...{ method: 'cash', collected: 10_010, tendered: 20_000, change: 9_990 },
        ...{ paymentId: null, reversesId: null, cashSessionId: veraSession },
      });
      const again = await vera.pay(path, body, key);
      expect([again.headers['idempotency-replayed'], again.text]).toEqual(['true', paid.text]);
      expect((await vera.post(path, body)).status).toBe(400);
      const rounding = await vera.get(`payments/entries?prepaidEntryId=${String(paid.body.id)}`);
      expect(rounding.body.items).toMatchObject([
        { kind: 'rounding', amount: 4, paymentId: null, cashSessionId: veraSession },
      ]);

      await prepay(5_000, { method: 'transfer', reference: 'T-77' });
      await prepay(1_000, { method: 'debit' });
      const seen: unknown[] = [];
      for (let after = ''; ;) {
        const page = await vera.get(`payments/customers/${customerId}/prepaid?limit=2${after}`);
        expect(page.body.balance).toBe(16_006);
        seen.push(...page.body.items.map((e: Record<string, unknown>) => e['balanceAfter']));
        if (page.body.next === null) break;
        after = `&after=${String(page.body.next)}`;
      }
      expect(seen).toEqual([16_006, 15_006, 10_006]);
    });

    it('rounds the cash of one customer together, and refuses what is no offer', async () => {
      const pieces = [5, 5, 5, 5];
      const taken: unknown[] = [];
      for (const amount of pieces) taken.push((await prepay(amount)).body.collected);
      expect(taken).toEqual([0, 10, 0, 10]);
      const short = await prepay(1_000, { tendered: 900 });
      expect([short.status, short.body.code]).toEqual([422, 'payments.tendered-too-little']);
      const change = await prepay(1_000, { method: 'debit', tendered: 2_000 });
      expect([change.status, change.body.code]).toEqual([422, 'payments.change-only-from-cash']);
      for (const wrong of [{ amount: 0 }, { amount: -5 }, { amount: 1.5 }, { method: 'prepaid' }]) {
        expect((await prepay(1_000, wrong)).status).toBe(400);
      }
      const much = await prepay(1_000_000_000_000, { method: 'transfer' });
      expect([much.status, much.body.code]).toEqual([422, 'payments.prepaid-too-much']);
      expect(await balance()).toBe(20);
    });

    it('wants a known, active customer and an open session within reach', async () => {
      const absent = await vera.pay(`payments/customers/${kernel.newId()}/prepay`, {
        ...{ cashSessionId: veraSession, method: 'cash', amount: 1_000 },
      });
      expect(absent.status).toBe(404);
      expect((await prepay(1_000, { cashSessionId: encargadaSession })).status).toBe(404);
      const ended = await openSession(nora, centro.registerIds[2] ?? '');
      await nora.post(`payments/cash-sessions/${ended}/end`);
      const late = await prepay(1_000, { cashSessionId: ended }, encargada);
      expect([late.status, late.body.code]).toEqual([409, 'payments.cash-session-not-open']);
      // Whoever answers for the shop takes money into a colleague's drawer, as a movement of cash.
      expect((await prepay(1_000, { cashSessionId: veraSession }, encargada)).status).toBe(201);
      await vera.patch(`sales/customers/${customerId}`, { active: false }, 1);
      const inactive = await prepay(1_000);
      expect([inactive.status, inactive.body.code]).toEqual([409, 'sales.customer-inactive']);
      // What an inactive customer has left is still hers.
      expect(await balance()).toBe(1_000);
    });
  });

  describe('spending', () => {
    it('pays an order of the customer, never more than there is, and tells no figure', async () => {
      await prepay(3_000, { method: 'debit' });
      const orderId = await orderOf(2);
      const paid = await spend(orderId, 2_000);
      expect(paid.status).toBe(201);
      expect(paid.body).toMatchObject({
        ...{ method: 'prepaid', amount: 2_000, collected: 2_000, change: 0, kind: 'charge' },
      });
      const short = await spend(orderId, 1_001);
      expect([short.status, short.body.code]).toEqual([422, 'payments.not-enough-prepaid']);
      const { requestId: _, ...told } = short.body as Record<string, unknown>;
      expect(JSON.stringify(told)).not.toMatch(/1.?000|1.?001|remaining|balance"/);
      const handed = await spend(orderId, 500, vera, { tendered: 600 });
      expect([handed.status, handed.body.code]).toEqual([422, 'payments.change-only-from-cash']);
      expect((await spend(orderId, 1_000)).status).toBe(201);
      expect(await balance()).toBe(0);
      expect((await vera.get(`sales/orders/${orderId}`)).body.paidAmount).toBe(3_000);
      const { items } = (await vera.get(`payments/customers/${customerId}/prepaid`)).body;
      expect(items.map(({ kind, amount }: Record<string, unknown>) => [kind, amount])).toEqual([
        ['spend', -1_000],
        ['spend', -2_000],
        ['prepay', 3_000],
      ]);
      expect(items[1]).toMatchObject({ paymentId: paid.body.id, method: null, collected: null });
    });

    it('pays nobody else’s order, and none that names nobody', async () => {
      await prepay(5_000);
      const other = await orderOf(1, await newCustomer());
      const theirs = await spend(other, 1_000);
      expect([theirs.status, theirs.body.code]).toEqual([422, 'payments.not-enough-prepaid']);
      const nameless = await spend(await orderOf(1, null), 1_000);
      expect([nameless.status, nameless.body.code]).toEqual([
        ...[422, 'payments.order-without-customer'],
      ]);
      expect(await balance()).toBe(5_000);
    });

    it('comes back by void, refund and edit of the payment, as further rows', async () => {
      await prepay(6_000);
      const orderId = await orderOf(3);
      const first = String((await spend(orderId, 4_000)).body.id);
      const part = await encargada.pay(`payments/payments/${first}/refund`, {
        ...{ amount: 1_500, reason: 'mancha' },
      });
      expect(part.body).toMatchObject({ method: 'prepaid', amount: -1_500, kind: 'refund' });
      expect(await balance()).toBe(3_500);
      const rest = await vera.pay(`payments/payments/${first}/void`, { reason: 'otro pedido' });
      expect([rest.status, await balance()]).toEqual([200, 6_000]);

      const cash = await vera.pay('payments/payments', { orderId, method: 'cash', amount: 2_000 });
      const toBalance = { method: 'prepaid', reason: 'tenía saldo' };
      const edited = await vera.patch(`payments/payments/${String(cash.body.id)}`, toBalance, 1);
      expect([edited.status, edited.body.method, await balance()]).toEqual([200, 'prepaid', 4_000]);
      const more = { amount: 6_500, reason: 'todo' };
      const over = await vera.patch(`payments/payments/${String(edited.body.id)}`, more, 1);
      expect([over.status, over.body.code]).toEqual([422, 'payments.not-enough-prepaid']);
      const all = { amount: 6_000, reason: 'todo' };
      const moved = await vera.patch(`payments/payments/${String(edited.body.id)}`, all, 1);
      expect([moved.status, await balance()]).toEqual([200, 0]);
      const away = { method: 'debit', reason: 'con tarjeta' };
      await vera.patch(`payments/payments/${String(moved.body.id)}`, away, 1);
      expect(await balance()).toBe(6_000);
      const { items } = (await encargada.get(`payments/customers/${customerId}/prepaid`)).body;
      expect(
        items.map(({ kind, amount }: { kind: string; amount: number }) => `${kind} ${amount}`),
      ).toEqual([
        ...['restore 6000', 'spend -6000', 'restore 2000', 'spend -2000', 'restore 2500'],
        ...['restore 1500', 'spend -4000', 'prepay 6000'],
      ]);
      expect(items[5].reversesId).toBe(items[6].id);
    });
  });

  describe('taking a prepayment back', () => {
    it('voids it whole and once while its session is open, unless it is spent', async () => {
      await prepay(2_006);
      const id = await prepaymentId();
      await spend(await orderOf(), 7);
      const path = `payments/prepaid-entries/${id}/void`;
      expect((await vera.pay(path, {})).status).toBe(400);
      expect((await nora.pay(path, { reason: 'no es mía' })).status).toBe(404);
      const spent = await vera.pay(path, { reason: 'otra clienta' });
      expect([spent.status, spent.body.code]).toEqual([422, 'payments.not-enough-prepaid']);
      await prepay(7, { method: 'transfer' });
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => vera.pay(path, { reason: 'otra clienta' })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
      expect(answers.find(({ status }) => status === 200)?.body).toMatchObject({
        ...{ kind: 'prepay_void', amount: -2_006, collected: -2_010, reason: 'otra clienta' },
        ...{ reversesId: id, method: 'cash', balanceAfter: 0 },
      });
      const codes = answers.filter(({ status }) => status === 409).map(({ body }) => body.code);
      expect(new Set(codes)).toEqual(new Set(['payments.payment-reversed']));
      const spending = (await vera.get(`payments/customers/${customerId}/prepaid?kind=spend`)).body;
      const wrong = await vera.pay(`payments/prepaid-entries/${spending.items[0].id}/void`, {
        reason: 'así no',
      });
      expect([wrong.status, wrong.body.code]).toEqual([409, 'payments.not-a-prepayment']);
    });

    it('pays a part out, never over what stands of it nor over the balance', async () => {
      await prepay(4_000);
      const id = await prepaymentId();
      await prepay(1_000);
      const path = `payments/prepaid-entries/${id}/refund`;
      const back = (amount: number, client = encargada): Promise<Answer> =>
        client.pay(path, { amount, reason: 'se muda' });
      expect((await back(1, vera)).status).toBe(403);
      const over = await back(4_001);
      expect([over.status, over.body.code]).toEqual([422, 'payments.refund-exceeds-payment']);
      const part = await back(1_500);
      expect(part.body).toMatchObject({
        ...{ kind: 'prepay_refund', amount: -1_500, collected: -1_500, method: 'cash' },
        cashSessionId: encargadaSession,
      });
      const rest = await back(2_501);
      expect([rest.status, rest.body.remaining]).toEqual([422, 2_500]);
      await spend(await orderOf(2), 2_000);
      const spent = await back(2_000);
      expect([spent.status, spent.body.code]).toEqual([422, 'payments.not-enough-prepaid']);
      expect((await back(1_500)).status).toBe(200);
      expect(await balance()).toBe(0);
    });

    it('after its session only as a contra entry in another, with the permission', async () => {
      const register = (await shop(nora, 'NORTE')).registerIds[0] ?? '';
      const sessionId = await openSession(nora, register, 0);
      const path = `payments/customers/${customerId}/prepay`;
      const body = { cashSessionId: sessionId, method: 'cash', amount: 3_000 };
      const id = String((await nora.pay(path, body)).body.id);
      const closed = await nora.post(`payments/cash-sessions/${sessionId}/close`, {
        countedAmount: 3_000,
      });
      expect(closed.body).toMatchObject({ expectedAmount: 3_000, difference: 0 });
      const undo = `payments/prepaid-entries/${id}/void`;
      expect((await nora.pay(undo, { reason: 'tarde' })).status).toBe(403);
      const contra = await encargada.pay(undo, { reason: 'reclamo' });
      expect(contra.body).toMatchObject({ kind: 'prepay_void', cashSessionId: encargadaSession });
      const after = await nora.get(`payments/cash-sessions/${sessionId}`);
      expect(after.body).toMatchObject({ expectedAmount: 3_000, prepaid: { returned: 0 } });
    });
  });

  it('is reached as far as the neighbours are: own entries, every balance, no other company', async () => {
    await prepay(2_000);
    await prepay(1_000, {}, encargada);
    const kinds = async (client: Client): Promise<unknown[]> =>
      (await client.get(`payments/prepaid-entries?customerId=${customerId}`)).body.items;
    expect([await balance(nora), await kinds(nora)]).toEqual([3_000, []]);
    expect([await balance(vera), (await kinds(vera)).length]).toEqual([3_000, 1]);
    expect([await balance(contador), (await kinds(contador)).length]).toEqual([3_000, 2]);
    expect((await prepay(1_000, {}, contador)).status).toBe(403);
    await foundSecondCompany(house);
    const stranger = await house.as('admin.dos');
    expect((await stranger.get(`payments/customers/${customerId}/prepaid`)).status).toBe(404);
    expect((await prepay(1_000, {}, stranger)).status).toBe(404);
    expect(await kinds(stranger)).toEqual([]);
  });

  it('is in the audit under its names, with reasons and without a person’s data', async () => {
    for (const [action, least] of [
      ['prepaid.received', 10],
      ['prepaid.spent', 6],
      ['prepaid.restored', 4],
      ['prepaid.voided', 2],
      ['prepaid.refunded', 2],
    ] as const) {
      const { text, body } = await admin.get(`audit/events?action=${action}&limit=200`);
      expect([action, body.items.length >= least]).toEqual([action, true]);
      expect(text).not.toMatch(/Inventada/);
      for (const { reason, subjectType, subjectId, payload } of body.items) {
        expect([action, subjectType]).toEqual([action, 'payments.prepaid_account']);
        expect(payload.customerId).toBe(subjectId);
        expect(reason !== null).toBe(!['prepaid.received', 'prepaid.spent'].includes(action));
      }
    }
  });
});
