import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Database, Measures } from '#kernel';
import type { GaugeDefinition, Reading } from '#kernel';

export const OpenSessions: GaugeDefinition = {
  name: 'ofitec_payments_unclosed_cash_sessions',
  summary: 'Cash sessions that are open, or ended and not counted yet',
  labels: ['state'],
  per: 'company',
};

export const DifferencesToday: GaugeDefinition = {
  name: 'ofitec_payments_cash_difference_today_pesos',
  summary: 'What was missing and what was over in the sessions of today’s business day, in pesos',
  labels: ['direction'],
  per: 'company',
};

const UNCLOSED = `SELECT state, count(*)::integer AS value FROM payments_cash_session
  WHERE company_id = $1 AND state IN ('open', 'ended') GROUP BY state`;

const DIFFERENCES = `SELECT
    coalesce(sum(greatest(expected_amount - counted_amount, 0)), 0)::float8 AS short,
    coalesce(sum(greatest(counted_amount - expected_amount, 0)), 0)::float8 AS over
  FROM payments_cash_session
  WHERE company_id = $1 AND state = 'closed' AND business_date = $2::date`;

/** What of the cash an operator watches: figures of whole companies, of no cashier. */
@Injectable()
export class CashGaugesService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Measures(OpenSessions)
  async unclosed(): Promise<Reading[]> {
    const rows = await this.database.rows<{ state: string; value: number }>(UNCLOSED, [
      this.database.companyId,
    ]);
    return ['open', 'ended'].map((state) => ({
      labels: { state },
      value: rows.find((row) => row.state === state)?.value ?? 0,
    }));
  }

  /** Apart, because a surplus in one drawer must not hide what is missing in another. */
  @Measures(DifferencesToday)
  async differencesToday(): Promise<Reading[]> {
    const [sums] = await this.database.rows<{ short: number; over: number }>(DIFFERENCES, [
      this.database.companyId,
      businessDay(this.clock.now()),
    ]);
    return [
      { labels: { direction: 'short' }, value: sums?.short ?? 0 },
      { labels: { direction: 'over' }, value: sums?.over ?? 0 },
    ];
  }
}
