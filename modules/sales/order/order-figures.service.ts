import { Injectable } from '@nestjs/common';
import { BUSINESS_TIME_ZONE, Database } from '#kernel';

/** A number of orders and their whole pesos. */
interface OrderTally {
  readonly orders: number;
  readonly amount: number;
}

/** What happened to a branch's orders on a business day. */
export interface OrderFigures {
  /** Taken on the day, by their totals. */
  readonly taken: OrderTally;
  /** Handed over on the day, by their totals. */
  readonly delivered: OrderTally;
  /** Called off on the day, by their totals. */
  readonly cancelled: OrderTally;
  /** Owed to the branch now, whenever taken, by their balances. */
  readonly outstanding: OrderTally;
}

/** What a month's orders come to for VAT, each as if one boleta had been given for it. */
export interface MonthFigures {
  readonly orders: number;
  /** Whole pesos with VAT, without it, and VAT, each the sum of the orders' own. */
  readonly gross: number;
  readonly net: number;
  readonly vat: number;
}

/** Ages of unpaid orders, in days since they were taken. */
export const AGE_BUCKETS = ['0-7', '8-30', '31-90', '91-'] as const;

/** Unpaid orders of one branch and age. */
export interface AgeBucket {
  readonly branchId: string;
  readonly days: (typeof AGE_BUCKETS)[number];
  readonly orders: number;
  /** Whole pesos. */
  readonly balance: number;
}

// In the words of the index on them.
const UNPAID = `(state IN ('received', 'in_process', 'ready') OR delivered_owing) AND paid_amount < total`;

const AGEING = `SELECT branch_id AS "branchId",
    CASE WHEN $2::date - business_date <= 7 THEN '0-7' WHEN $2::date - business_date <= 30 THEN '8-30'
      WHEN $2::date - business_date <= 90 THEN '31-90' ELSE '91-' END AS days,
    count(*)::integer AS orders, sum(total - paid_amount)::float8 AS balance
  FROM sales_order
  WHERE company_id = $1 AND ${UNPAID}
    AND ($3::uuid IS NULL OR branch_id = $3::uuid)
  GROUP BY 1, 2 ORDER BY 1, min($2::date - business_date)`;

type Row = Record<keyof OrderFigures, { orders: number; amount: number }>;

const tallyOf = (condition: string, amount = 'total'): string =>
  `(SELECT json_build_object('orders', count(*), 'amount', coalesce(sum(${amount}), 0))
    FROM sales_order WHERE company_id = $1 AND branch_id = $2 AND ${condition})`;

// PostgreSQL takes a midnight that Santiago skips for the first instant after it, so that every
// business day begins where the one before ends.
const beginning = (day: string): string =>
  `(${day})::timestamp AT TIME ZONE '${BUSINESS_TIME_ZONE}'`;

// What an order's price holds of VAT is rounded order by order, as it is on each boleta.
const MONTH = `SELECT count(*)::integer AS orders, coalesce(sum(total), 0)::float8 AS gross,
    coalesce(sum(net), 0)::float8 AS net, coalesce(sum(total - net), 0)::float8 AS vat
  FROM (SELECT total, round(total * 100 / (100 + $3::numeric)) AS net FROM sales_order
    WHERE company_id = $1 AND branch_id IN (SELECT id FROM base_branch WHERE company_id = $1)
      AND delivered_at IS NOT NULL AND delivered_at >= ${beginning('$2::date')}
      AND delivered_at < ${beginning("$2::date + interval '1 month'")}) AS delivered`;

const onDay = (column: string): string =>
  `${column} >= ${beginning('$3::date')} AND ${column} < ${beginning('$3::date + 1')}`;

const FIGURES = `SELECT ${tallyOf('business_date = $3::date')} AS taken,
  ${tallyOf(onDay('delivered_at'))} AS delivered,
  ${tallyOf(onDay('cancelled_at'))} AS cancelled,
  ${tallyOf(UNPAID, 'total - paid_amount')} AS outstanding`;

/** Sums over orders for reports of other addons; for the whole company, whoever asks. */
@Injectable()
export class OrderFiguresService {
  constructor(private readonly database: Database) {}

  /** The figures of one branch's business day. */
  async ofDay(branchId: string, date: string): Promise<OrderFigures> {
    return this.database.transaction(async () => {
      const [row] = await this.database.rowsByPlan<Row>(FIGURES, [
        this.database.companyId,
        branchId,
        date,
      ]);
      if (!row) throw new Error('unreachable: a SELECT of sums has one row');
      return row;
    });
  }

  /**
   * Orders that were delivered in a month, in all branches.
   *
   * @param period `YYYYMM`, America/Santiago
   * @param vatPercent that the prices hold
   */
  async ofMonth(period: string, vatPercent: number): Promise<MonthFigures> {
    return this.database.transaction(async () => {
      const [row] = await this.database.rowsByPlan<MonthFigures>(MONTH, [
        ...[this.database.companyId, `${period.slice(0, 4)}-${period.slice(4)}-01`, vatPercent],
      ]);
      if (!row) throw new Error('unreachable: a SELECT of sums has one row');
      return row;
    });
  }

  /**
   * Balances due by branch and age, oldest last.
   *
   * @param today business day that ages are counted to
   * @param branchId one branch, or null for all
   */
  async ageing(today: string, branchId: string | null): Promise<AgeBucket[]> {
    return this.database.transaction(() =>
      this.database.rowsByPlan<AgeBucket>(AGEING, [this.database.companyId, today, branchId]),
    );
  }
}
