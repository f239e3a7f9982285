import { beforeAll, describe, expect, it } from '@jest/globals';
import { dice, House, kernel, ledgerCheckOf, meetAt, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

const SEED = Number(process.env['OFITEC_SEED'] ?? Date.now() % 1_000_000);
const ORDERS = 12;

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly method: string;
  readonly amount: number;
  readonly collected: number;
  readonly reversedAmount: number;
  readonly version: number;
}

/** Cash under ten pesos: however an order is split, its cash is rounded as one (Ley 20.956). */
describe(`odd pesos (OFITEC_SEED=${SEED})`, () => {
  let house: House;
  let vera: Client;
  let nora: Client;
  let encargada: Client;
  let centro: Shop;

  beforeAll(async () => {
    house = await House.open();
    [vera, nora, encargada] = await Promise.all([
      house.as('vendedora'),
      house.as('vendedora.norte'),
      house.as('encargada'),
    ]);
    centro = await shop(vera);
    const odd = await encargada.post('sales/services', { code: 'UNO', name: 'Uno', price: 1 });
    centro = { ...centro, services: { ...centro.services, UNO: String(odd.body.id) } };
    await openSession(vera, centro.registerIds[0] ?? '', 0);
    await openSession(nora, centro.registerIds[1] ?? '', 0);
    await openSession(encargada, centro.registerIds[2] ?? '', 0);
  });

  const orderOf = async (total: number): Promise<string> =>
    (await takeOrder(vera, centro, total, 'UNO')).id;

  const rowsOf = async (orderId: string): Promise<Row[]> => {
    const { items } = (await encargada.get(`payments/payments?orderId=${orderId}&limit=200`))
      .body as { items: Row[] };
    return items;
  };

  async function expectRoundedAsOne(orderId: string): Promise<number> {
    const cash = (await rowsOf(orderId)).filter(({ method }) => method === 'cash');
    const sum = (key: 'amount' | 'collected'): number =>
      cash.reduce((total, row) => total + row[key], 0);
    expect([orderId, sum('collected')]).toEqual([orderId, kernel.cashRounded(sum('amount'))]);
    for (const { kind, amount, collected } of cash) {
      expect(Math.abs(collected - amount)).toBeLessThan(10);
      expect(kind === 'charge' ? collected >= 0 : collected <= 0).toBe(true);
    }
    return sum('collected');
  }

  it('collects a hundred pesos that come in pieces of five, whoever takes them at once', async () => {
    const orderId = await orderOf(100);
    // As many as there are connections wait for the order: none may have looked before it was its turn.
    const answers = await meetAt(
      house,
      `SELECT 1 FROM sales_order WHERE id = '${orderId}' FOR UPDATE`,
      {
        waiters: 10,
        work: () =>
          Promise.all(
            Array.from({ length: 20 }, (_, index) =>
              (index % 2 ? vera : nora).pay('payments/payments', {
                ...{ orderId, method: 'cash', amount: 5 },
              }),
            ),
          ),
      },
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(await expectRoundedAsOne(orderId)).toBe(100);
  });

  it('gives every piece back, in any order, and keeps nothing', async () => {
    const orderId = await orderOf(27);
    for (const amount of [6, 6, 15]) {
      await vera.pay('payments/payments', { orderId, method: 'cash', amount });
    }
    expect(await expectRoundedAsOne(orderId)).toBe(30);
    for (const { id } of await rowsOf(orderId)) {
      const back = await vera.pay(`payments/payments/${id}/void`, { reason: 'otra cosa' });
      expect(back.status).toBe(200);
      await expectRoundedAsOne(orderId);
    }
    expect(await expectRoundedAsOne(orderId)).toBe(0);
  });

  it.each(Array.from({ length: ORDERS }, (_, index) => index))(
    'collects within the rounding of the whole, whatever happens in between (order %i)',
    async (index) => {
      const random = dice(SEED + index);
      const upTo = (most: number): number => 1 + Math.floor(random() * most);
      const total = upTo(900);
      const orderId = await orderOf(total);
      for (let step = 0; step < 14; step += 1) {
        const cashier = [vera, nora, encargada][Math.floor(random() * 3)] ?? vera;
        const standing = (await rowsOf(orderId)).filter(
          ({ kind, amount, reversedAmount }) => kind === 'charge' && reversedAmount < amount,
        );
        const one = standing[Math.floor(random() * standing.length)];
        const luck = random();
        if (one && luck < 0.15) {
          await encargada.pay(`payments/payments/${one.id}/void`, { reason: 'al azar' });
        } else if (one && luck < 0.35) {
          const amount = upTo(one.amount - one.reversedAmount);
          await encargada.pay(`payments/payments/${one.id}/refund`, { amount, reason: 'al azar' });
        } else if (one && luck < 0.45) {
          const method = random() < 0.5 ? 'cash' : 'debit';
          const edit = { amount: upTo(one.amount), method, reason: 'al azar' };
          await encargada.patch(`payments/payments/${one.id}`, edit, one.version);
        } else {
          const method = random() < 0.8 ? 'cash' : 'debit';
          const amount = upTo(Math.min(60, total));
          await cashier.pay('payments/payments', { orderId, method, amount });
        }
        await expectRoundedAsOne(orderId);
      }
      // What is left, in cash and at once: the whole order's cash is its rounding.
      const { balance } = (await vera.get(`sales/orders/${orderId}`)).body as { balance: number };
      if (balance > 0) {
        await vera.pay('payments/payments', { orderId, method: 'cash', amount: balance });
      }
      await expectRoundedAsOne(orderId);
      expect((await vera.get(`sales/orders/${orderId}`)).body.balance).toBe(0);
    },
    60_000,
  );

  it('has seen pieces of every kind, and leaves books that add up', async () => {
    const { items } = (await encargada.get('payments/payments?method=cash&limit=200')).body as {
      items: Row[];
    };
    expect(new Set(items.map(({ kind }) => kind))).toEqual(new Set(['charge', 'void', 'refund']));
    expect(items.filter(({ amount, collected }) => amount !== collected).length).toBeGreaterThan(
      30,
    );
    expect(await ledgerCheckOf(house)).toEqual([]);
  });
});
