import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Connection } from 'pg';
import { House, kernel, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

interface Reading {
  readonly total: number;
  readonly payments: number;
  readonly rowsHash: string;
  readonly cash: { readonly rounding: number };
  readonly bySession: readonly { readonly amount: number }[];
  readonly orders: Readonly<Record<'taken' | 'outstanding', { amount: number }>>;
}

/** A reading (X) while money comes in: every figure of it is of the same moment. */
describe('a reading under concurrent payments', () => {
  const PRICE = 1_003;
  let house: House;
  let vendedora: Client;
  let encargada: Client;
  let centro: Shop;

  beforeAll(async () => {
    house = await House.open();
    vendedora = await house.as('vendedora');
    encargada = await house.as('encargada');
    await encargada.post('sales/services', { code: 'IMPAR', name: 'Impar', price: PRICE });
    centro = await shop(vendedora);
    await openSession(vendedora, centro.registerIds[0] ?? '', 0);
  });

  async function read(): Promise<Reading> {
    const day = { branchId: centro.branchId, date: kernel.businessDay(new Date()) };
    const answer = await encargada.post('payments/daily-cuts/reading', day);
    expect(answer.status).toBe(200);
    return answer.body as Reading;
  }

  /** What is taken is paid or owed; each cash payment of 1,003 rounds 3 pesos away. */
  function demandOneMoment({ total, payments, cash, bySession, orders }: Reading): void {
    expect(orders.outstanding.amount).toBe(orders.taken.amount - total);
    expect(cash.rounding + 3 * payments).toBe(0);
    expect(total).toBe(PRICE * payments);
    expect(bySession.map(({ amount }) => amount)).toEqual([total]);
  }

  it('adds up however many payments come in at once', async () => {
    const orders = await Promise.all(
      Array.from({ length: 80 }, () => takeOrder(vendedora, centro, 1, 'IMPAR')),
    );
    const waiting = new Set(orders.map(({ id }) => id));
    const readings: Reading[] = [];
    const reader = (async () => {
      while (waiting.size > 0) readings.push(await read());
    })();
    const paid: number[] = [];
    const lane = async (index: number): Promise<void> => {
      for (const { id: orderId } of orders.slice(index * 10, index * 10 + 10)) {
        const body = { orderId, method: 'cash', amount: PRICE };
        paid.push((await vendedora.pay('payments/payments', body)).status);
        waiting.delete(orderId);
      }
    };
    // In lanes and not all in one burst, which a slow machine has done before the second reading.
    await Promise.all(Array.from({ length: 8 }, (_, index) => lane(index)));
    await reader;
    expect(new Set(paid)).toEqual(new Set([201]));
    readings.push(await read());
    for (const reading of readings) demandOneMoment(reading);
    expect(readings.at(-1)?.payments).toBe(80);
    expect(new Set(readings.map(({ payments }) => payments)).size).toBeGreaterThan(2);
  });

  it('does not see a payment that commits while it is under way', async () => {
    const { id: orderId } = await takeOrder(vendedora, centro, 1, 'IMPAR');
    const before = await read();
    // Holds the reading up in the middle: it comes to the entries after it has summed payments.
    const rival = new Connection({ connectionString: house.urls.owner });
    await rival.connect();
    await rival.query('BEGIN; LOCK TABLE payments_entry IN ACCESS EXCLUSIVE MODE');
    const reading = read();
    const waiting = `SELECT 1 FROM pg_locks
      WHERE NOT granted AND relation = 'payments_entry'::regclass`;
    while ((await rival.query(waiting)).rowCount === 0) await sleep(20);
    // By transfer: no rounding, no entry, no lock to wait for.
    const body = { orderId, method: 'transfer', amount: PRICE };
    expect((await vendedora.pay('payments/payments', body)).status).toBe(201);
    await rival.query('ROLLBACK');
    await rival.end();
    const { readAt: _, ...during } = (await reading) as Reading & { readAt: string };
    expect(before).toMatchObject(during);
    const after = await read();
    expect(after.total).toBe(before.total + PRICE);
    expect(after.rowsHash).not.toBe(before.rowsHash);
  });
});
