import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  House,
  kernel,
  ledgerCheckOf,
  openSession,
  runCli,
  shippedAddons,
  shop,
  takeOrder,
} from '#test';
import type { Client } from '#test';

const date = kernel.businessDay(new Date());

/** What the books say of prepaid balances: session, cut, nightly check, and the database itself. */
describe('prepaid balances in the books', () => {
  let house: House;
  let vera: Client;
  let encargada: Client;
  let branchId: string;
  let sessionId: string;
  let customerId: string;

  beforeAll(async () => {
    house = await House.open();
    [vera, encargada] = await Promise.all([house.as('vendedora'), house.as('encargada')]);
    const centro = await shop(vera);
    branchId = centro.branchId;
    sessionId = await openSession(vera, centro.registerIds[0] ?? '', 1_000);
    const made = await vera.post('sales/customers', { name: 'Clienta Inventada' });
    customerId = String(made.body.id);
    const prepay = async (method: string, amount: number): Promise<string> => {
      const path = `payments/customers/${customerId}/prepay`;
      const paid = await vera.pay(path, { cashSessionId: sessionId, method, amount });
      return String(paid.body.id);
    };
    const order = async (): Promise<string> =>
      (await takeOrder(vera, centro, 2, 'CAMISA', customerId)).id;
    await prepay('cash', 10_003);
    const debit = await prepay('debit', 5_000);
    await vera.pay('payments/payments', {
      ...{ orderId: await order(), method: 'prepaid', amount: 4_000 },
    });
    await vera.pay(`payments/prepaid-entries/${debit}/void`, { reason: 'de más' });
    await vera.pay('payments/payments', {
      ...{ orderId: await order(), method: 'cash', amount: 2_000 },
    });
  });

  it('are in session and cut what was received and what was spent, each for what it is', async () => {
    const prepaid = {
      ...{ received: 15_003, returned: -5_000, spent: 4_000 },
      byMethod: [
        { method: 'cash', amount: 10_003 },
        ...['debit', 'credit', 'transfer'].map((method) => ({ method, amount: 0 })),
      ],
    };
    const closed = await vera.post(`payments/cash-sessions/${sessionId}/close`, {
      countedAmount: 13_000,
    });
    // 1,000 + 10,000 of the prepayment + 2,000; what was spent from the balance is no cash.
    expect(closed.body).toMatchObject({ expectedAmount: 13_000, difference: 0, prepaid });
    const methods = (closed.body.byMethod as { method: string }[]).map(({ method }) => method);
    expect(methods).toEqual(['cash', 'debit', 'credit', 'transfer']);
    const ledger = await house.rows<{ kind: string; method: string; amount: string }>(
      'owner',
      `SELECT kind, method, sum(amount) AS amount FROM payments_ledger
       WHERE cash_session_id = $1 GROUP BY kind, method ORDER BY kind, method`,
      { values: [sessionId] },
    );
    expect(ledger.map(({ kind, method, amount }) => [kind, method, Number(amount)])).toEqual([
      ['charge', 'cash', 2_000],
      ['opening', 'cash', 1_000],
      ['prepay', 'cash', 10_003],
      ['prepay', 'debit', 5_000],
      ['prepay_void', 'debit', -5_000],
      ['rounding', 'cash', -3],
    ]);

    const reading = await encargada.post('payments/daily-cuts/reading', { branchId, date });
    const cut = await encargada.post('payments/daily-cuts', { branchId, date });
    for (const { body } of [reading, cut]) {
      // Sold and paid: 4,000 from the balance, 2,000 in cash. Came in: 2,000 + 15,003 − 5,000.
      expect(body).toMatchObject({
        ...{ total: 6_000, received: 12_003, prepaid },
        cash: { rounding: -3, voids: 0, refunds: 0, difference: 0 },
      });
      expect(body.byMethod).toContainEqual({ method: 'prepaid', amount: 4_000, payments: 1 });
      expect(body.byMethod).toContainEqual({ method: 'cash', amount: 2_000, payments: 1 });
    }
  });

  it('come out again from the rows of a cut, and a row that somebody changed is seen', async () => {
    const verify = (): ReturnType<typeof runCli> =>
      runCli(['payments', 'verify-cut', '--json'], {
        ...{ DATABASE_URL: house.urls.application, DATABASE_OWNER_URL: house.urls.owner },
      });
    const meddle = (reference: string | null): Promise<unknown[]> =>
      house.rows('owner', 'UPDATE payments_prepaid_entry SET reference = $1 WHERE sequence = 1', {
        values: [reference],
      });
    expect((await verify()).code).toBe(0);
    await meddle('otra');
    expect((await verify()).code).toBe(1);
    await meddle(null);
    expect((await verify()).code).toBe(0);
  });

  it('are looked through every night, and every figure that somebody changed is found', async () => {
    const found = async (set: string, where: string, back: string): Promise<unknown[][]> => {
      await house.rows('owner', `UPDATE ${set} ${where}`);
      const drifts = await ledgerCheckOf(house);
      await house.rows('owner', `UPDATE ${back} ${where}`);
      return drifts.map(({ what, id, stored, recomputed }) => [what, id, stored - recomputed]);
    };
    expect(await ledgerCheckOf(house)).toEqual([]);
    const account = 'payments_prepaid_account SET balance = balance';
    expect(await found(`${account} + 5`, '', `${account} - 5`)).toEqual([
      ['prepaid', customerId, 5],
    ]);
    const counter = 'payments_prepaid_account SET entries = entries';
    expect(await found(`${counter} + 1`, '', `${counter} - 1`)).toEqual([
      ['prepaid', customerId, 0],
    ]);
    const amount = 'payments_prepaid_entry SET amount = amount';
    const spent = await found(`${amount} - 5`, "WHERE kind = 'spend'", `${amount} + 5`);
    expect(spent.map(([what, , off]) => [what, off])).toEqual([
      ...[
        ['prepaid', 5],
        ['prepaid', 5],
        ['spending', -5],
      ],
    ]);
    const after = 'payments_prepaid_entry SET balance_after = balance_after';
    expect(await found(`${after} + 5`, 'WHERE sequence = 2', `${after} - 5`)).toEqual([
      ['prepaid', customerId, 5],
    ]);
    const taken = (by: string): string =>
      `payments_prepaid_entry SET collected = collected ${by}, tendered = tendered ${by}`;
    const cash = "WHERE method = 'cash' AND kind = 'prepay'";
    expect(await found(taken('+ 1'), cash, taken('- 1'))).toEqual([['rounding', sessionId, 1]]);
    expect(await ledgerCheckOf(house)).toEqual([]);
  });

  it('are never negative and never rewritten, whatever the application tries', async () => {
    const companyId = String((await encargada.get('base/company')).body.id);
    const attempt = (sql: string): Promise<unknown> =>
      house.rows('application', sql, { companyId });
    for (const sql of [
      'UPDATE payments_prepaid_entry SET amount = amount + 1',
      'DELETE FROM payments_prepaid_entry',
      'DELETE FROM payments_prepaid_account',
      `UPDATE payments_prepaid_account SET id = '${kernel.newId()}'`,
    ]) {
      await expect(attempt(sql)).rejects.toThrow('permission denied');
    }
    await expect(attempt('UPDATE payments_prepaid_account SET balance = -1')).rejects.toThrow(
      'payments_prepaid_account_not_negative',
    );
    // A rounding is of a payment or of a prepayment; a movement is of neither.
    for (const [kind, source] of [
      ['rounding', 'NULL, NULL'],
      ['cash_in', 'NULL, id'],
    ] as const) {
      await expect(
        house.rows(
          'owner',
          `INSERT INTO payments_entry (id, company_id, created_at, cash_session_id, cashier_id,
             kind, amount, reason, payment_id, prepaid_entry_id)
           SELECT gen_random_uuid(), company_id, now(), cash_session_id, cashier_id,
             '${kind}', 1, 'x', ${source} FROM payments_prepaid_entry LIMIT 1`,
        ),
      ).rejects.toThrow('payments_entry_rounding_check');
    }
  });

  it('go down with their rows there, as a purge has them go, and up again', async () => {
    const { Installation, kernelAddon } = kernel;
    const desk = { ownerUrl: house.urls.owner, kernel: kernelAddon, report: () => {} };
    const addon = shippedAddons.find(({ name }) => name === 'payments');
    if (!addon) throw new Error('no addon payments');
    const later = [...addon.migrations].slice(1);
    await Installation.asOwner(desk, async (installation) => {
      for (const migration of later.toReversed()) await installation.revert(addon, migration);
      const [left] = await house.rows<{ n: string }>(
        'owner',
        `SELECT count(*) AS n FROM payments_payment WHERE method = 'prepaid'`,
      );
      expect(Number(left?.n)).toBe(1);
      for (const migration of [...addon.migrations].toReversed().slice(later.length)) {
        await installation.revert(addon, migration);
      }
      await installation.install([addon]);
    });
    expect(await house.rows('owner', 'SELECT 1 FROM payments_prepaid_entry')).toEqual([]);
  });
});
