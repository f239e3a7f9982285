import { Injectable } from '@nestjs/common';
import { Database, pick } from '#kernel';
import { OrderFiguresService } from '#modules/sales';
import type { CashSession } from '../cash-session/cash-session.entity.js';
import { MONEY_METHODS } from '../payment/payment.entity.js';
import type { PaymentKind, PaymentMethod } from '../payment/payment.entity.js';
import { PrepaidFiguresService } from '../prepaid/prepaid-figures.service.js';
import type { CashFigures, DailyCut, SessionTotal, Tally } from './daily-cut.entity.js';

/** Everything that a cut freezes about its sessions. */
export type CutSums = Pick<
  DailyCut,
  'total' | 'payments' | 'byMethod' | 'byCashier' | 'bySession' | 'cash' | 'prepaid' | 'rowsHash'
>;

interface SumRow {
  readonly cashSessionId: string;
  readonly method: PaymentMethod;
  readonly kind: PaymentKind;
  readonly amount: string;
  readonly rows: number;
}

const SUMS = `SELECT cash_session_id AS "cashSessionId", method, kind, sum(amount) AS amount,
    count(*)::integer AS rows
  FROM payments_payment WHERE company_id = $1 AND cash_session_id = ANY($2)
  GROUP BY cash_session_id, method, kind`;

const ENTRIES = `SELECT kind, sum(amount) AS amount FROM payments_entry
  WHERE company_id = $1 AND cash_session_id = ANY($2) GROUP BY kind`;

// One line for each row that the cut sums: ids, amounts and what they belong to. Nulls keep their
// place, so that no two rows read alike.
const HASH = `SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex') AS hash
  FROM (
    SELECT jsonb_build_array('session', id, branch_id, business_date, register_id, cashier_id,
      opening_amount, expected_amount, counted_amount)::text AS line
    FROM payments_cash_session WHERE company_id = $1 AND id = ANY($2)
    UNION ALL
    SELECT jsonb_build_array('payment', id, cash_session_id, order_id, kind, method, amount,
      collected, tendered, change, reference, reason, reverses_id, replaces_id)::text
    FROM payments_payment WHERE company_id = $1 AND cash_session_id = ANY($2)
    UNION ALL
    SELECT jsonb_build_array('entry', id, cash_session_id, kind, amount, reason,
      coalesce(payment_id, prepaid_entry_id), undoes_id)::text
    FROM payments_entry WHERE company_id = $1 AND cash_session_id = ANY($2)
    UNION ALL
    SELECT jsonb_build_array('prepaid', id, cash_session_id, customer_id, sequence, kind, amount, balance_after,
      method, collected, tendered, change, reference, reason, reverses_id, payment_id)::text
    FROM payments_prepaid_entry WHERE company_id = $1 AND cash_session_id = ANY($2)
  ) lines`;

/** Adds sessions up: for a cut, for its verification later, and for a reading at any time. */
@Injectable()
export class CutSumsService {
  constructor(
    private readonly database: Database,
    private readonly orders: OrderFiguresService,
    private readonly prepaid: PrepaidFiguresService,
  ) {}

  /** What the sessions took, and a hash over every row that was summed. */
  async sum(sessions: readonly CashSession[]): Promise<CutSums> {
    const parameters = [this.database.companyId, sessions.map((session) => session.id)];
    const rows = await this.database.rows<SumRow>(SUMS, parameters);
    const [hashed] = await this.database.rows<{ hash: string }>(HASH, parameters);
    const cashiers = [...new Set(sessions.map((session) => session.cashierId))].sort();
    const rowsOf = (session: CashSession): SumRow[] =>
      rows.filter((row) => row.cashSessionId === session.id);
    const { amount: total, payments } = tally(rows);
    return {
      total,
      payments,
      byMethod: methodsOf(rows).map((method) => ({
        method,
        ...tally(rows.filter((row) => row.method === method)),
      })),
      byCashier: cashiers.map((cashierId) => ({
        cashierId,
        ...tally(sessions.filter((s) => s.cashierId === cashierId).flatMap(rowsOf)),
      })),
      bySession: sessions.map((session) => ({ ...figuresOf(session), ...tally(rowsOf(session)) })),
      cash: await this.cashFigures(sessions, rows),
      prepaid: await this.prepaid.of(sessions.map((session) => session.id)),
      rowsHash: hashed?.hash ?? '',
    };
  }

  /** Orders of the branch on the day, and what is still owed there. */
  async orderFigures(branchId: string, date: string): Promise<DailyCut['orders']> {
    return this.orders.ofDay(branchId, date);
  }

  private async cashFigures(
    sessions: readonly CashSession[],
    rows: readonly SumRow[],
  ): Promise<CashFigures> {
    const entries = await this.database.rows<{ kind: string; amount: string }>(ENTRIES, [
      this.database.companyId,
      sessions.map((session) => session.id),
    ]);
    const entered = (kind: string): number =>
      Number(entries.find((entry) => entry.kind === kind)?.amount ?? 0);
    const taken = (kind: PaymentKind): number =>
      sum(rows.filter((row) => row.kind === kind).map((row) => Number(row.amount)));
    return {
      rounding: entered('rounding'),
      cashIn: entered('cash_in'),
      cashOut: entered('cash_out'),
      drops: entered('drop'),
      voids: taken('void'),
      refunds: taken('refund'),
      difference: sum(sessions.map((session) => session.difference ?? 0)),
    };
  }
}

/** Every method of money, and `prepaid` when something was paid so: earlier cuts knew no such line. */
function methodsOf(rows: readonly SumRow[]): PaymentMethod[] {
  const isSpent = rows.some(({ method }) => method === 'prepaid');
  return [...MONEY_METHODS, ...(isSpent ? (['prepaid'] as const) : [])];
}

function tally(rows: readonly SumRow[]): Tally {
  return {
    amount: sum(rows.map((row) => Number(row.amount))),
    payments: sum(rows.filter((row) => row.kind === 'charge').map((row) => row.rows)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function figuresOf(session: CashSession): Omit<SessionTotal, keyof Tally> {
  return {
    ...pick(session, 'cashierId', 'registerId', 'state', 'openingAmount'),
    cashSessionId: session.id,
    expectedAmount: session.expectedAmount,
    countedAmount: session.countedAmount,
    difference: session.difference,
  };
}
