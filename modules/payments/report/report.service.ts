import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Database, demandRange } from '#kernel';
import { OrderFiguresService } from '#modules/sales';
import type { OneBranch, Period } from './report.input.js';
import type { AgeingView, CashierDifferenceView, DifferencesView } from './report.view.js';

const DIFFERENCES = `SELECT branch_id AS "branchId", cashier_id AS "cashierId",
    count(*)::integer AS sessions,
    (count(*) FILTER (WHERE counted_amount <> expected_amount))::integer AS differing,
    coalesce(sum(least(counted_amount - expected_amount, 0)), 0)::float8 AS shortage,
    coalesce(sum(greatest(counted_amount - expected_amount, 0)), 0)::float8 AS surplus,
    sum(counted_amount - expected_amount)::float8 AS net
  FROM payments_cash_session
  WHERE company_id = $1 AND state = 'closed' AND business_date BETWEEN $2::date AND $3::date
    AND ($4::uuid IS NULL OR branch_id = $4::uuid)
  GROUP BY branch_id, cashier_id ORDER BY net, branch_id, cashier_id`;

/** What a manager asks of the cash at the end of a week or a month. */
@Injectable()
export class ReportService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly orders: OrderFiguresService,
  ) {}

  /**
   * Cash differences of closed sessions by branch and cashier, worst first.
   *
   * @throws Problem PeriodTooLong
   */
  async differences({ from, to, branchId }: Period): Promise<DifferencesView> {
    demandRange({ from, to });
    return this.database.transaction(async () => ({
      items: await this.database.rowsByPlan<CashierDifferenceView>(DIFFERENCES, [
        ...[this.database.companyId, from, to, branchId ?? null],
      ]),
    }));
  }

  /** Balances due by branch and age in days, as of now. */
  async ageing({ branchId }: OneBranch): Promise<AgeingView> {
    return this.database.transaction(async () => ({
      items: await this.orders.ageing(businessDay(this.clock.now()), branchId ?? null),
    }));
  }
}
