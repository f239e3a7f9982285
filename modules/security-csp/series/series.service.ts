import { Injectable } from '@nestjs/common';
import { BUSINESS_TIME_ZONE, businessDay, Clock, Database, demandRange, Records } from '#kernel';
import { App } from '../app/app.entity.js';
import type { SeriesQuery } from './series.input.js';
import type { SeriesDayView, SeriesView } from './series.view.js';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;

// $2: the apps; $5: one group, or null. What is counted of an app as a whole belongs to no group.
const SERIES = `WITH days AS (
    SELECT day::date AS day FROM generate_series($3::date, $4::date, interval '1 day') AS d(day)
  ), seen AS (
    SELECT d.day, sum(d.count) FILTER (WHERE NOT g.noise) AS reports,
      sum(d.count) FILTER (WHERE g.noise) AS noise, count(*) AS groups
    FROM security_csp_group_day d
      JOIN security_csp_group g ON g.company_id = d.company_id AND g.id = d.group_id
    WHERE d.company_id = $1 AND d.app_id = ANY($2::uuid[]) AND d.day BETWEEN $3::date AND $4::date
      AND ($5::uuid IS NULL OR d.group_id = $5::uuid)
    GROUP BY d.day
  ), begun AS (
    SELECT (created_at AT TIME ZONE '${BUSINESS_TIME_ZONE}')::date AS day, count(*) AS groups
    FROM security_csp_group
    WHERE company_id = $1 AND app_id = ANY($2::uuid[]) AND ($5::uuid IS NULL OR id = $5::uuid)
      AND created_at >= $3::date - 1 AND created_at < $4::date + 2
    GROUP BY 1
  ), came AS (
    SELECT day, sum(hashes) AS hashes, sum(foreign_document) AS foreign_document,
      sum(unreadable) AS unreadable, sum(limited) AS limited, sum(overflowed) AS overflowed,
      sum(dropped) AS dropped, sum(unclaimed) AS unclaimed
    FROM security_csp_app_day
    WHERE company_id = $1 AND app_id = ANY($2::uuid[]) AND day BETWEEN $3::date AND $4::date
      AND $5::uuid IS NULL
    GROUP BY day
  )
  SELECT to_char(days.day, 'YYYY-MM-DD') AS day,
    coalesce(seen.reports, 0)::float8 AS reports, coalesce(seen.noise, 0)::float8 AS noise,
    coalesce(seen.groups, 0)::float8 AS groups, coalesce(begun.groups, 0)::float8 AS "newGroups",
    coalesce(hashes, 0)::float8 AS hashes,
    coalesce(foreign_document, 0)::float8 AS "foreignDocument",
    coalesce(unreadable, 0)::float8 AS unreadable, coalesce(limited, 0)::float8 AS limited,
    coalesce(overflowed, 0)::float8 AS overflowed, coalesce(dropped, 0)::float8 AS dropped,
    coalesce(unclaimed, 0)::float8 AS unclaimed
  FROM days LEFT JOIN seen USING (day) LEFT JOIN begun USING (day) LEFT JOIN came USING (day)
  ORDER BY days.day`;

/** What came, day by day: every day of the range, also those without a report. */
@Injectable()
export class SeriesService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem PeriodTooLong */
  async daily({ app, groupId, ...range }: SeriesQuery): Promise<SeriesView> {
    const to = range.to ?? businessDay(this.clock.now());
    const from = range.from ?? dayBefore(to, DEFAULT_DAYS);
    demandRange({ from, to });
    return this.database.transaction(async () => {
      // At most a hundred: with them each figure is read from an index by day.
      const apps = await this.records.all(App, app === undefined ? {} : { slug: app });
      const items = await this.database.rowsByPlan<SeriesDayView>(SERIES, [
        ...[this.database.companyId, apps.map(({ id }) => id), from, to, groupId ?? null],
      ]);
      return { items };
    });
  }
}

function dayBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
}
