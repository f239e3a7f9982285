import { Injectable } from '@nestjs/common';
import { BUSINESS_TIME_ZONE, Database } from '#kernel';

/** What of an order never changes once it was taken. */
export interface PlacedOrder {
  readonly id: string;
  /** Business day it was taken on, America/Santiago. */
  readonly businessDate: string;
  readonly lines: readonly PlacedLine[];
}

interface PlacedLine {
  readonly position: number;
  readonly serviceId: string;
  /** Pieces or kilos by the thousand: 1.250 kg are 1250. */
  readonly thousandths: number;
  /** Whole pesos. */
  readonly unitPrice: number;
  readonly total: number;
}

/** Orders of a branch that were taken on a business day, as they stand. */
export interface OrderDay {
  readonly date: string;
  readonly branchId: string;
  readonly orders: number;
  /** Whole pesos. */
  readonly amount: number;
  readonly cancelledOrders: number;
  readonly cancelledAmount: number;
}

/** Orders that were delivered in a month, in all branches, each as if it had one boleta. */
export interface DeliveredMonth {
  /** `YYYYMM`, America/Santiago. */
  readonly period: string;
  readonly orders: number;
  /** Whole pesos. */
  readonly gross: number;
  readonly net: number;
  readonly vat: number;
}

const PLACED = `SELECT o.id, to_char(o.business_date, 'YYYY-MM-DD') AS "businessDate",
    coalesce(json_agg(json_build_object('position', l.position, 'serviceId', l.service_id,
      'thousandths', (l.quantity * 1000)::bigint, 'unitPrice', l.unit_price, 'total', l.total)
      ORDER BY l.position) FILTER (WHERE l.id IS NOT NULL), '[]') AS lines
  FROM sales_order o LEFT JOIN sales_order_line l ON l.company_id = o.company_id AND l.order_id = o.id
  WHERE o.company_id = $1 AND o.id = ANY($2) GROUP BY o.id`;

const DAYS = `SELECT to_char(business_date, 'YYYY-MM-DD') AS date, branch_id AS "branchId",
    (count(*) FILTER (WHERE state <> 'cancelled'))::integer AS orders,
    coalesce(sum(total) FILTER (WHERE state <> 'cancelled'), 0)::float8 AS amount,
    (count(*) FILTER (WHERE state = 'cancelled'))::integer AS "cancelledOrders",
    coalesce(sum(total) FILTER (WHERE state = 'cancelled'), 0)::float8 AS "cancelledAmount"
  FROM sales_order WHERE company_id = $1 GROUP BY business_date, branch_id`;

const MONTHS = `SELECT period, count(*)::integer AS orders, sum(total)::float8 AS gross,
    sum(net)::float8 AS net, sum(total - net)::float8 AS vat
  FROM (SELECT to_char(delivered_at AT TIME ZONE '${BUSINESS_TIME_ZONE}', 'YYYYMM') AS period, total,
      round(total * 100 / (100 + $2::numeric)) AS net
    FROM sales_order WHERE company_id = $1 AND delivered_at IS NOT NULL) AS delivered
  GROUP BY period`;

/** Orders for addons that keep a copy of them; for the whole company, whoever asks. */
@Injectable()
export class OrderFactsService {
  constructor(private readonly database: Database) {}

  /** What of each order never changes; an order that is not there is left out. */
  async placed(ids: readonly string[]): Promise<ReadonlyMap<string, PlacedOrder>> {
    if (ids.length === 0) return new Map();
    return this.database.transaction(async () => {
      const rows = await this.database.rows<PlacedOrder>(PLACED, [this.database.companyId, ids]);
      return new Map(rows.map((order) => [order.id, order]));
    });
  }

  /** Every day and branch with orders, in no order: what a copy is compared with. */
  async days(): Promise<OrderDay[]> {
    return this.read(() => this.database.rowsByPlan(DAYS, [this.database.companyId]));
  }

  /** Every month with deliveries. @param vatPercent that the prices hold */
  async deliveredMonths(vatPercent: number): Promise<DeliveredMonth[]> {
    return this.read(() => this.database.rowsByPlan(MONTHS, [this.database.companyId, vatPercent]));
  }

  private read<T>(work: () => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }
}
