import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Database } from '#kernel';
import type { ForecastQuery } from './forecast.input.js';
import type { ForecastView, ForecastWeekView } from './forecast.view.js';

const WEEKS = 8;
const DAY_MS = 86_400_000;

interface Sum {
  readonly week: number;
  readonly inflow: number;
  readonly outflow: number;
  readonly expected: number;
  readonly flows: number;
}

// The balance that was stated last, and from there to the first week: on by what came and went
// since, or back by what came and went until then.
const OPENING = `SELECT b.day::text AS day, (coalesce(b.amount, 0) + CASE
      WHEN b.day IS NULL OR b.day < $2::date THEN (
        SELECT coalesce(sum(f.amount), 0) FROM treasury_flow f
        WHERE f.company_id = $1 AND f.state = 'settled' AND f.day < $2::date
          AND (b.day IS NULL OR f.day > b.day))
      ELSE -(
        SELECT coalesce(sum(f.amount), 0) FROM treasury_flow f
        WHERE f.company_id = $1 AND f.state = 'settled' AND f.day BETWEEN $2::date AND b.day)
    END)::float8 AS amount
  FROM (SELECT 1) one LEFT JOIN LATERAL (
    SELECT day, amount FROM treasury_balance
    WHERE company_id = $1 AND day < $3::date ORDER BY day DESC, id DESC LIMIT 1) b ON true`;

// What is overdue is not lost: it counts as of today.
const SUMS = `SELECT ((greatest(day, CASE WHEN state = 'expected' THEN $4::date ELSE day END)
      - $2::date) / 7)::integer AS week,
    coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::float8 AS inflow,
    coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::float8 AS outflow,
    coalesce(sum(amount) FILTER (WHERE state = 'expected'), 0)::float8 AS expected,
    count(*)::integer AS flows
  FROM treasury_flow
  WHERE company_id = $1 AND day < $3::date AND (
    (state = 'settled' AND day >= $2::date)
    OR (state = 'expected' AND greatest(day, $4::date) BETWEEN $2::date AND $3::date - 1))
  GROUP BY 1`;

/** Money by week: what there is, what came and went, what is expected. */
@Injectable()
export class ForecastService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Weeks from Monday to Sunday; all figures are of one moment. */
  async forecast({ from, weeks = WEEKS }: ForecastQuery): Promise<ForecastView> {
    const today = businessDay(this.clock.now());
    const first = mondayOf(from ?? today);
    const end = plusDays(first, weeks * 7);
    return this.database.snapshot(async () => {
      const { companyId } = this.database;
      const [start] = await this.database.rowsByPlan<{ day: string | null; amount: number }>(
        OPENING,
        [companyId, first, end],
      );
      const sums = await this.database.rowsByPlan<Sum>(SUMS, [companyId, first, end, today]);
      let opening = start?.amount ?? 0;
      const all: ForecastWeekView[] = [];
      for (let week = 0; week < weeks; week += 1) {
        const sum = sums.find((each) => each.week === week);
        const { inflow, outflow, expected, flows } = { ...NOTHING, ...sum };
        const closing = opening + inflow - outflow;
        const monday = plusDays(first, week * 7);
        const days = { from: monday, to: plusDays(monday, 6) };
        all.push({ ...days, opening, inflow, outflow, expected, closing, flows });
        opening = closing;
      }
      return { today, balanceOn: start?.day ?? null, weeks: all };
    });
  }
}

const NOTHING = { inflow: 0, outflow: 0, expected: 0, flows: 0 };

function plusDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function mondayOf(day: string): string {
  const weekday = new Date(`${day}T12:00:00Z`).getUTCDay();
  return plusDays(day, -((weekday + 6) % 7));
}
