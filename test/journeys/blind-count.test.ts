import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { House, kernel, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

type Answer = Awaited<ReturnType<Client['get']>>;

/** A figure that a cashier does not know, and 10,000 beside it for the drawer's float. */
const SALES = 23_450;
const EXPECTED = 10_000 + SALES;

/** A cashier who counts blindly tries to find out what the drawer should hold. */
describe('a blind count', () => {
  let house: House;
  let vera: Client;
  let encargada: Client;
  let admin: Client;
  let centro: Shop;
  let id: string;
  let path: string;

  beforeAll(async () => {
    house = await House.open();
    [vera, encargada, admin] = await Promise.all([
      house.as('vendedora'),
      house.as('encargada'),
      house.as('admin'),
    ]);
    centro = await shop(vera);
    const service = { code: 'GRANDE', name: 'Grande', price: SALES };
    const made = await admin.post('sales/services', service);
    centro = { ...centro, services: { ...centro.services, GRANDE: String(made.body.id) } };
    await admin.put('base/settings/BLIND_COUNT', { value: true }, 0);
    await admin.put('base/settings/CASH_DIFF_ALERT_THRESHOLD', { value: 1_000 }, 0);
  });

  beforeEach(async () => {
    id = await openSession(vera, centro.registerIds[0] ?? '', 10_000);
    path = `payments/cash-sessions/${id}`;
    const { id: orderId } = await takeOrder(vera, centro, 1, 'GRANDE');
    await vera.pay('payments/payments', { orderId, method: 'cash', amount: SALES });
  });

  const closeWith = (countedAmount: number, client = vera): Promise<Answer> =>
    client.post(`${path}/close`, { countedAmount });

  const actions = async (): Promise<string[]> => {
    const { items } = (await admin.get(`audit/history/payments.cash_session/${id}?limit=200`)).body;
    return items.map(({ action }: { action: string }) => action.replace('cash_session.', ''));
  };

  /** What an answer says besides its own request. */
  const shapeOf = ({ status, body }: Answer): string =>
    `${status} ${String(body.code)} ${Object.keys(body as object)
      .sort()
      .join(' ')}`;

  it('cannot be found by taking cash out: every amount is answered alike', async () => {
    const move = (type: string, amount: number, client = vera): Promise<Answer> =>
      client.pay(`${path}/movements`, { type, amount, reason: 'tanteo' });
    const shapes = new Set<string>();
    for (const amount of [1, EXPECTED - 1, EXPECTED, EXPECTED + 1, 10 * EXPECTED]) {
      for (const type of ['cash_out', 'drop']) {
        const out = await move(type, amount);
        shapes.add(shapeOf(out));
        const undo = `payments/entries/${String(out.body.id)}/undo`;
        const back = await vera.pay(undo, { reason: 'tanteo' });
        expect(back.status).toBe(201);
      }
    }
    expect(shapes.size).toBe(1);
    expect([...shapes][0]).toMatch(/^201 /);
    // The undoing of cash that came in is no way to try either.
    const moved = await move('cash_in', 5_000);
    await move('drop', EXPECTED + 5_000);
    const undone = await vera.pay(`payments/entries/${String(moved.body.id)}/undo`, {
      reason: 'tanteo',
    });
    expect(undone.status).toBe(201);

    // Whoever may see the figure is told as ever, and reads who went below it, by how much.
    const refused = await move('drop', 1, encargada);
    expect([refused.status, refused.body.code]).toEqual([422, 'payments.not-enough-cash']);
    const told = await encargada.get('audit/events?action=cash_movement.overdrawn&sort=createdAt');
    const shortfalls = told.body.items.map(
      ({ payload }: { payload: { shortfall: number } }) => payload.shortfall,
    );
    expect(shortfalls).toEqual([1, 1, 9 * EXPECTED, 9 * EXPECTED, 5_000]);
    expect(told.body.items[0].actorLogin).toBe('vendedora');
    await closeWith(0, encargada);
    expect((await encargada.get(path)).body.expectedAmount).toBe(-5_000);
  });

  it('cannot be found by closing again and again: three counts, each kept, no figure told', async () => {
    const shapes = new Set<string>();
    for (const countedAmount of [20_000, 50_000, 30_000]) {
      const refused = await closeWith(countedAmount);
      expect(refused.body.code).toBe('payments.difference-needs-approval');
      expect(refused.body).not.toHaveProperty('difference');
      expect(refused.body).not.toHaveProperty('threshold');
      shapes.add(shapeOf(refused));
      // The same count again is the same refusal, and no further try.
      shapes.add(shapeOf(await closeWith(countedAmount)));
    }
    expect(shapes.size).toBe(1);
    for (const tried of [
      await closeWith(EXPECTED),
      await vera.post(`${path}/count`, { countedAmount: EXPECTED }),
      await vera.post(`${path}/close`, { denominations: [{ value: 20_000, count: 2 }] }),
    ]) {
      expect([tried.status, tried.body.code]).toEqual([409, 'payments.counted-too-often']);
    }
    expect((await vera.get(path)).body).toMatchObject({
      ...{ state: 'ended', countedAmount: 30_000, expectedAmount: null, difference: null },
      ...{ byMethod: null, prepaid: null, openingDifference: null },
    });
    expect(await actions()).toEqual([
      ...['close_refused', 'close_refused', 'counted'],
      ...['close_refused', 'close_refused', 'counted'],
      ...['close_refused', 'close_refused', 'counted', 'ended', 'opened'],
    ]);
    const counts = await encargada.get(`audit/history/payments.cash_session/${id}?limit=200`);
    const seen = counts.body.items
      .filter(({ action }: { action: string }) => action === 'cash_session.counted')
      .map(({ payload }: { payload: { countedAmount: number } }) => payload.countedAmount);
    expect(seen).toEqual([30_000, 50_000, 20_000]);

    // Somebody who may see the figure counts as often as it takes.
    for (const countedAmount of [1, 2, 3, EXPECTED]) {
      const counted = await encargada.post(`${path}/count`, { countedAmount });
      expect(counted.status).toBe(200);
    }
    const closed = await vera.post(`${path}/close`, {});
    expect(closed.body).toMatchObject({ state: 'closed', countedAmount: EXPECTED });
    expect(closed.body).toMatchObject({ expectedAmount: null, difference: null, byMethod: null });
  });

  it('keeps its traces under one key too, and leaves the key free', async () => {
    const key = kernel.newId();
    const close = (countedAmount: number): Promise<Answer> =>
      vera.post(`${path}/close`, { countedAmount }, { 'idempotency-key': key });
    for (const countedAmount of [20_000, 50_000]) {
      const refused = await close(countedAmount);
      expect([refused.status, refused.body.code]).toEqual([
        ...[409, 'payments.difference-needs-approval'],
      ]);
    }
    expect(await actions()).toEqual([
      ...['close_refused', 'counted', 'close_refused', 'counted', 'ended', 'opened'],
    ]);
    await encargada.post(`${path}/approve`);
    const closed = await close(50_000);
    expect([closed.status, closed.body.state]).toEqual([200, 'closed']);
    expect((await close(50_000)).headers['idempotency-replayed']).toBe('true');
  });

  it('counts no further try when several come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => closeWith(index * 1_000)),
    );
    const codes = answers.map(({ body }) => String(body.code)).sort();
    expect(codes).toEqual([
      ...Array<string>(9).fill('payments.counted-too-often'),
      ...Array<string>(3).fill('payments.difference-needs-approval'),
    ]);
    await closeWith(EXPECTED, encargada);
  });

  it('takes no further trace of a close that was refused for other reasons', async () => {
    const wrong = await vera.post(`${path}/close`, {
      ...{ countedAmount: 1, approval: { login: 'encargada', password: 'no es esta' } },
    });
    expect(wrong.body.code).toBe('payments.approval-refused');
    const differs = await vera.post(`${path}/close`, {
      ...{ countedAmount: 1, denominations: [{ value: 10, count: 1 }] },
    });
    expect(differs.body.code).toBe('payments.count-differs');
    expect((await vera.post(`${path}/close`, {})).body.code).toBe('payments.cash-not-counted');
    expect(await actions()).toEqual(['opened']);
    expect((await vera.get(path)).body.state).toBe('open');
    expect((await closeWith(EXPECTED)).body).toMatchObject({ state: 'closed', difference: null });
  });

  it('is no limit where the count is not blind', async () => {
    const { version } = (await admin.get('base/settings/BLIND_COUNT')).body;
    await admin.put('base/settings/BLIND_COUNT', { value: false }, version);
    for (const countedAmount of [1, 2, 3, 4, 5]) {
      const refused = await closeWith(countedAmount);
      expect(refused.body).toMatchObject({ difference: countedAmount - EXPECTED });
    }
    expect((await closeWith(EXPECTED)).body).toMatchObject({ state: 'closed', difference: 0 });
  });
});
