import { Injectable } from '@nestjs/common';
import { Database, demandRange, isDay, readReport } from '#kernel';
import type { ServiceSalesQuery } from './report.input.js';
import type { ServiceDayView, ServiceSalesView } from './report.view.js';

const tally = (condition: string): string => `json_build_object(
    'orders', count(DISTINCT o.id) FILTER (WHERE ${condition}),
    'quantity', coalesce(sum(l.quantity) FILTER (WHERE ${condition}), 0)::float8,
    'amount', coalesce(sum(l.total) FILTER (WHERE ${condition}), 0))`;

const SERVICES = `SELECT to_char(o.business_date, 'YYYY-MM-DD') AS date, s.id AS "serviceId",
    s.code, s.name, s.unit,
    ${tally("o.state <> 'cancelled'")} AS sold, ${tally("o.state = 'cancelled'")} AS cancelled
  FROM sales_order o
    JOIN sales_order_line l ON l.company_id = o.company_id AND l.order_id = o.id
    JOIN sales_service s ON s.company_id = l.company_id AND s.id = l.service_id
  WHERE o.company_id = $1 AND o.business_date BETWEEN $2::date AND $3::date
    AND ($4::uuid IS NULL OR o.branch_id = $4::uuid)
    AND ($5::date IS NULL OR (o.business_date, s.code) > ($5::date, $6::text))
  GROUP BY o.business_date, s.id ORDER BY o.business_date, s.code LIMIT $7`;

/** What the shop sold; for the whole company, whoever asks. */
@Injectable()
export class SalesReportService {
  constructor(private readonly database: Database) {}

  /**
   * Sales by business day and service, in that order. An order counts on the day it was taken,
   * with the prices it was taken at.
   *
   * @throws Problem PeriodTooLong, Malformed for a cursor
   */
  async services({ from, to, branchId, ...page }: ServiceSalesQuery): Promise<ServiceSalesView> {
    demandRange({ from, to });
    const filters = [from, to, branchId ?? null];
    return this.database.transaction(() =>
      readReport<ServiceDayView>(page, {
        key: ({ date, code }) => [date, code],
        isKey: ([date, code, ...rest]) => isDay(date) && code !== undefined && rest.length === 0,
        read: ([date = null, code = null], limit) =>
          this.database.rowsByPlan(SERVICES, [
            ...[this.database.companyId, ...filters, date, code, limit],
          ]),
      }),
    );
  }
}
