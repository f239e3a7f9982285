import { Injectable } from '@nestjs/common';
import { BUSINESS_TIME_ZONE, Database } from '#kernel';

/** A number of orders and their whole pesos. */
export interface OrderTally {
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

type Row = Record<keyof OrderFigures, { orders: number; amount: number }>;

const tallyOf = (condition: string, amount = 'total'): string =>
  `(SELECT json_build_object('orders', count(*), 'amount', coalesce(sum(${amount}), 0))
    FROM sales_order WHERE company_id = $1 AND branch_id = $2 AND ${condition})`;

const onDay = (column: string): string =>
  `(${column} AT TIME ZONE '${BUSINESS_TIME_ZONE}')::date = $3::date`;

const FIGURES = `SELECT ${tallyOf('business_date = $3::date')} AS taken,
  ${tallyOf(`delivered_at IS NOT NULL AND ${onDay('delivered_at')}`)} AS delivered,
  ${tallyOf(`cancelled_at IS NOT NULL AND ${onDay('cancelled_at')}`)} AS cancelled,
  ${tallyOf(`paid_amount < total AND state <> 'cancelled'`, 'total - paid_amount')} AS outstanding`;

/** Sums over orders for reports of other addons; for the whole company, whoever asks. */
@Injectable()
export class OrderFiguresService {
  constructor(private readonly database: Database) {}

  /** The figures of one branch's business day. */
  async ofDay(branchId: string, date: string): Promise<OrderFigures> {
    return this.database.transaction(async () => {
      const [row] = await this.database.rows<Row>(FIGURES, [
        this.database.companyId,
        branchId,
        date,
      ]);
      if (!row) throw new Error('unreachable: a SELECT of sums has one row');
      return row;
    });
  }
}
