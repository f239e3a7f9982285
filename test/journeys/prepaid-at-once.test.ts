import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { dice, House, kernel, ledgerCheckOf, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

const SEED = Number(process.env['OFITEC_SEED'] ?? Date.now() % 1_000_000);

interface Cashier {
  readonly client: Client;
  readonly sessionId: string;
}

/** One customer's balance, several cashiers: never below nothing, never a peso lost, no deadlock. */
describe(`prepaid at once (OFITEC_SEED=${SEED})`, () => {
  let house: House;
  let cashiers: Cashier[];
  let centro: Shop;
  let customerId: string;

  beforeAll(async () => {
    house = await House.open();
    const clients = await Promise.all(
      ['vendedora', 'vendedora.norte', 'encargada'].map((login) => house.as(login)),
    );
    centro = await shop(clients[0] as Client);
    cashiers = await Promise.all(
      clients.map(async (client, index) => ({
        client,
        sessionId: await openSession(client, centro.registerIds[index] ?? '', 0),
      })),
    );
  });

  const cashier = (index: number): Cashier => cashiers[index % cashiers.length] as Cashier;

  beforeEach(async () => {
    const made = await cashier(0).client.post('sales/customers', { name: 'Clienta Inventada' });
    customerId = String(made.body.id);
  });

  const prepay = ({ client, sessionId }: Cashier, amount: number, method = 'cash') =>
    client.pay(`payments/customers/${customerId}/prepay`, {
      ...{ cashSessionId: sessionId, method, amount },
    });

  const spend = ({ client }: Cashier, orderId: string, amount: number) =>
    client.pay('payments/payments', { orderId, method: 'prepaid', amount });

  const order = async (quantity = 10): Promise<string> =>
    (await takeOrder(cashier(0).client, centro, quantity, 'CAMISA', customerId)).id;

  async function ledgerOf(): Promise<{ balance: number; amounts: number[]; kinds: string[] }> {
    const path = `payments/customers/${customerId}/prepaid?limit=200`;
    const { body } = await cashier(2).client.get(path);
    const items = body.items as { amount: number; kind: string; balanceAfter: number }[];
    for (const { balanceAfter } of items) expect(balanceAfter).toBeGreaterThanOrEqual(0);
    return {
      balance: Number(body.balance),
      amounts: items.map(({ amount }) => amount),
      kinds: items.map(({ kind }) => kind),
    };
  }

  const sum = (values: readonly number[]): number =>
    values.reduce((total, each) => total + each, 0);

  it('opens one account when twelve first prepayments come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => prepay(cashier(index), 1_003)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    const sequences = answers.map(({ body }) => Number(body.sequence)).sort((a, b) => a - b);
    expect(sequences).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    const cash = sum(answers.map(({ body }) => Number(body.collected)));
    expect(cash).toBe(kernel.cashRounded(12 * 1_003));
    expect((await ledgerOf()).balance).toBe(12 * 1_003);
  });

  it.each([0, 1, 2, 3])(
    'spends no more than there is when forty payments on eight orders want it (round %i)',
    async () => {
      await prepay(cashier(0), 10_000, 'transfer');
      const orders = await Promise.all(Array.from({ length: 8 }, () => order()));
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          spend(cashier(index), orders[index % 8] ?? '', 1_500),
        ),
      );
      const paid = answers.filter(({ status }) => status === 201);
      expect(paid).toHaveLength(6);
      const codes = new Set(answers.filter(({ status }) => status !== 201).map((a) => a.body.code));
      expect([...codes]).toEqual(['payments.not-enough-prepaid']);
      expect(await ledgerOf()).toMatchObject({ balance: 1_000 });
    },
  );

  it('reads balance and ledger of one moment, whatever is written meanwhile', async () => {
    await prepay(cashier(0), 1_000);
    const path = `payments/customers/${customerId}/prepaid?limit=1`;
    const reads = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        await prepay(cashier(index), 100 + index, 'transfer');
        return cashier(2).client.get(path);
      }),
    );
    const apart = reads.filter(({ body }) => body.balance !== body.items[0].balanceAfter);
    expect(apart.map(({ body }) => [body.balance, body.items[0].balanceAfter])).toEqual([]);
  });

  it('spends once with one key sent thirty times', async () => {
    await prepay(cashier(0), 9_000);
    const orderId = await order();
    const key = kernel.newId();
    const body = { orderId, method: 'prepaid', amount: 2_000 };
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => cashier(0).client.pay('payments/payments', body, key)),
    );
    const done = answers.filter(({ status }) => status === 201);
    expect(new Set(done.map((answer) => answer.body.id)).size).toBe(1);
    expect((await ledgerOf()).kinds).toEqual(['spend', 'prepay']);
  });

  it.each([0, 1, 2])(
    'takes, spends, puts back and pays out on the same customer and orders without a deadlock (round %i)',
    async (round) => {
      const random = dice(SEED + round);
      const first = await prepay(cashier(0), 20_000);
      const orders = await Promise.all(Array.from({ length: 4 }, () => order(4)));
      const paid = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          spend(cashier(index), orders[index % 4] ?? '', 1_000),
        ),
      );
      const anyOf = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
      const acts = (index: number): (() => Promise<{ status: number; text: string }>)[] => {
        const { client, sessionId } = cashier(index);
        const orderId = anyOf(orders);
        const amount = 1 + Math.floor(random() * 900);
        const reason = 'a la vez';
        const payment = String(anyOf(paid).body.id);
        return [
          () => prepay(cashier(index), amount),
          () => spend(cashier(index), orderId, amount),
          () => client.pay('payments/payments', { orderId, method: 'cash', amount }),
          () => client.pay(`payments/payments/${payment}/void`, { reason }),
          () => client.pay(`payments/payments/${payment}/refund`, { amount, reason }),
          () => client.patch(`payments/payments/${payment}`, { method: 'cash', reason }, 1),
          () =>
            client.pay(`payments/prepaid-entries/${String(first.body.id)}/refund`, {
              ...{ amount, reason },
            }),
          () =>
            client.pay(`payments/cash-sessions/${sessionId}/movements`, {
              ...{ type: 'cash_in', amount, reason },
            }),
          () => client.post(`sales/orders/${orderId}/ready`),
        ];
      };
      const answers = await Promise.all(
        Array.from({ length: 90 }, (_, index) => (acts(index)[index % 9] ?? anyOf(acts(index)))()),
      );
      for (const { status, text } of answers) {
        const isFine = [200, 201, 403, 404, 409, 412, 422].includes(status);
        expect([isFine, isFine ? '' : text]).toEqual([true, '']);
      }
      expect(answers.filter(({ status }) => status < 300).length).toBeGreaterThan(30);
      const { balance, amounts } = await ledgerOf();
      expect(balance).toBe(sum(amounts));
      expect(await ledgerCheckOf(house)).toEqual([]);
    },
    60_000,
  );

  it('has met no deadlock that a retry would hide from the client', async () => {
    // A connection tells the statistics what it counted when it ends.
    await house.app.close();
    const [row] = await house.rows<{ n: string }>(
      'superuser',
      'SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(Number(row?.n)).toBe(0);
  });
});
