import { Injectable } from '@nestjs/common';
import { Database, Events, OnSchedule } from '#kernel';
import type { ScheduleDefinition } from '#kernel';
import { OrderService } from '#modules/sales';
import { LedgerChecked, LedgerDrift } from './ledger.events.js';

/** Recomputes the ledger every night. */
export const CheckLedger: ScheduleDefinition = {
  name: 'payments.check-ledger',
  cron: '20 4 * * *',
  summary: 'recomputes what sessions, orders and prepaid balances say of money; tells ledger.drift',
  per: 'company',
};

/** A stored figure and what its rows add up to, in whole pesos. */
export interface Drift {
  readonly what: 'session' | 'rounding' | 'reversal' | 'prepaid' | 'spending' | 'order';
  readonly id: string;
  readonly stored: number;
  readonly recomputed: number;
}

const SUBJECTS = {
  session: 'payments.cash_session',
  rounding: 'payments.cash_session',
  reversal: 'payments.payment',
  prepaid: 'payments.prepaid_account',
  spending: 'payments.payment',
  order: 'sales.order',
} as const;

interface Row {
  readonly id: string;
  readonly stored: string;
  readonly recomputed: string;
}

/** Sessions, accounts or orders that one statement looks at: none runs longer with the years. */
const BATCH = 1_000;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

const SOME_SESSIONS = `SELECT id FROM payments_cash_session
  WHERE company_id = $1 AND id > $2 ORDER BY id LIMIT ${BATCH}`;

const SOME_ACCOUNTS = `SELECT id FROM payments_prepaid_account
  WHERE company_id = $1 AND id > $2 ORDER BY id LIMIT ${BATCH}`;

// A closed session's fixed figure against opening and entries.
const SESSIONS = `SELECT s.id, s.expected_amount AS stored, sum(l.amount) AS recomputed
  FROM payments_cash_session s JOIN payments_ledger l
    ON l.company_id = s.company_id AND l.cash_session_id = s.id AND l.method = 'cash'
  WHERE s.company_id = $1 AND s.id = ANY($2) AND l.cash_session_id = ANY($2) AND s.state = 'closed'
  GROUP BY s.id, s.expected_amount HAVING s.expected_amount <> sum(l.amount)`;

// What changed hands against what was applied plus its roundings, open sessions too.
const ROUNDINGS = `SELECT id, sum(taken) AS stored, sum(entered) AS recomputed FROM (
    SELECT cash_session_id AS id, collected - amount AS taken, 0 AS entered
    FROM payments_payment WHERE company_id = $1 AND cash_session_id = ANY($2)
    UNION ALL
    SELECT cash_session_id, collected - amount, 0
    FROM payments_prepaid_entry WHERE company_id = $1 AND cash_session_id = ANY($2) AND method IS NOT NULL
    UNION ALL
    SELECT cash_session_id, 0, amount
    FROM payments_entry WHERE company_id = $1 AND cash_session_id = ANY($2) AND kind = 'rounding'
  ) rows GROUP BY id HAVING sum(taken) <> sum(entered)`;

const ORDER = `SELECT coalesce(sum(amount), 0) AS sum FROM payments_payment
  WHERE company_id = $1 AND order_id = $2`;

// How much of a charge was taken back against the rows that took it back: the few of either.
const REVERSALS = `SELECT id, coalesce(reversed_amount, 0) AS stored, coalesce(taken, 0) AS recomputed
  FROM (SELECT id, reversed_amount FROM payments_payment
    WHERE company_id = $1 AND reversed_amount <> 0) charges
  FULL JOIN (SELECT reverses_id AS id, -sum(amount) AS taken FROM payments_payment
    WHERE company_id = $1 AND reverses_id IS NOT NULL GROUP BY reverses_id) reversals USING (id)
  WHERE coalesce(reversed_amount, 0) <> coalesce(taken, 0)`;

// A balance against the sum of its rows, and each row's balance against those before it. One
// statement sees one moment, so that a prepayment on its way is not taken for a difference.
const PREPAID = `SELECT a.id, a.balance AS stored, coalesce(sum(e.amount), 0) AS recomputed
  FROM payments_prepaid_account a LEFT JOIN payments_prepaid_entry e
    ON e.company_id = a.company_id AND e.customer_id = a.id
  WHERE a.company_id = $1 AND a.id = ANY($2) GROUP BY a.id, a.balance, a.entries
  HAVING a.balance <> coalesce(sum(e.amount), 0) OR a.entries <> count(e.id)
  UNION
  (SELECT DISTINCT ON (customer_id) customer_id, balance_after, running FROM (
    SELECT customer_id, sequence, balance_after,
      sum(amount) OVER (PARTITION BY customer_id ORDER BY sequence) AS running
    FROM payments_prepaid_entry WHERE company_id = $1 AND customer_id = ANY($2)
  ) rows WHERE balance_after <> running ORDER BY customer_id, sequence)`;

// What a prepaid payment applied against the entry that moved the balance for it.
const SPENDINGS = `SELECT id, coalesce(applied, 0) AS stored, coalesce(spent, 0) AS recomputed
  FROM (SELECT id, amount AS applied FROM payments_payment
    WHERE company_id = $1 AND method = 'prepaid') payments
  FULL JOIN (SELECT payment_id AS id, -amount AS spent FROM payments_prepaid_entry
    WHERE company_id = $1 AND payment_id IS NOT NULL) entries USING (id)
  WHERE coalesce(applied, 0) <> coalesce(spent, 0)`;

const ORDERS = `SELECT order_id AS id, sum(amount) AS recomputed FROM payments_payment
  WHERE company_id = $1 AND order_id > $2 GROUP BY order_id ORDER BY order_id LIMIT ${BATCH}`;

/**
 * Proves the ledger identity again from the rows: opening plus entries is what was expected, and
 * payments are what their orders say was paid, and a prepaid balance is what its rows left. A difference is announced, never mended: money
 * that does not add up is for a person to explain.
 */
@Injectable()
export class LedgerCheckService {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly orders: OrderService,
  ) {}

  @OnSchedule(CheckLedger)
  async check(): Promise<void> {
    await this.database.transaction(async () => {
      const drifts = await this.drifts();
      for (const drift of drifts) {
        await this.events.publish(LedgerDrift, {
          subject: {
            type: SUBJECTS[drift.what],
            id: drift.id,
            label: `${drift.what} ${drift.id.slice(-6)}`,
          },
          payload: { ...drift },
        });
      }
      const { companyId } = this.database;
      const differing = [...new Set(drifts.map(({ what }) => what))];
      await this.events.publish(LedgerChecked, {
        subject: { type: 'payments.ledger', id: companyId, label: `${drifts.length} differ` },
        payload: { checked: Object.keys(SUBJECTS), differing },
      });
    });
  }

  /** Every figure of the company that differs; empty when the books are right. */
  async drifts(): Promise<Drift[]> {
    return this.database.transaction(async () => [
      ...(await this.compareSome(SOME_SESSIONS, { session: SESSIONS, rounding: ROUNDINGS })),
      ...(await this.compare('reversal', REVERSALS)),
      ...(await this.compareSome(SOME_ACCOUNTS, { prepaid: PREPAID })),
      ...(await this.compare('spending', SPENDINGS)),
      ...(await this.compareOrders()),
    ]);
  }

  /** Compares batch by batch of ids. */
  private async compareSome(
    batch: string,
    comparisons: Partial<Record<Exclude<Drift['what'], 'order'>, string>>,
  ): Promise<Drift[]> {
    const drifts: Drift[] = [];
    for (let after = BEFORE_ALL; ;) {
      const from = [this.database.companyId, after];
      const ids = (await this.database.rows<{ id: string }>(batch, from)).map(({ id }) => id);
      for (const [what, sql] of Object.entries(comparisons)) {
        drifts.push(...(await this.compare(what as keyof typeof comparisons, sql, [ids])));
      }
      const last = ids.at(-1);
      if (!last || ids.length < BATCH) return drifts;
      after = last;
    }
  }

  private async compare(
    what: Exclude<Drift['what'], 'order'>,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Drift[]> {
    const rows = await this.database.rows<Row>(sql, [this.database.companyId, ...values]);
    return rows.map(({ id, stored, recomputed }) => ({
      ...{ what, id },
      stored: Number(stored),
      recomputed: Number(recomputed),
    }));
  }

  /** A payment may have come between the two sums: they are taken again under the order's lock. */
  private async confirm(id: string): Promise<Drift[]> {
    const { paidAmount: stored } = await this.orders.hold(id);
    const [row] = await this.database.rows<{ sum: string }>(ORDER, [this.database.companyId, id]);
    const recomputed = Number(row?.sum ?? 0);
    return stored === recomputed ? [] : [{ what: 'order', id, stored, recomputed }];
  }

  private async compareOrders(): Promise<Drift[]> {
    const drifts: Drift[] = [];
    for (let after = BEFORE_ALL; ;) {
      const rows = await this.database.rows<Row>(ORDERS, [this.database.companyId, after]);
      const paid = await this.orders.paidAmounts(rows.map(({ id }) => id));
      for (const { id, recomputed: sum } of rows) {
        const [stored, recomputed] = [paid.get(id) ?? 0, Number(sum)];
        if (stored !== recomputed) drifts.push(...(await this.confirm(id)));
      }
      const last = rows.at(-1);
      if (!last || rows.length < BATCH) return drifts;
      after = last.id;
    }
  }
}
