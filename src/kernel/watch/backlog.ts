import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { DELIVERIES, FAILED_DELIVERIES, JOBS } from '../events/queue.js';

/** What waits to be brought to its handlers, of all companies together. Ages are in seconds. */
export interface BacklogFigures {
  /** Events that the relay has not taken yet. */
  readonly pendingEvents: number;
  readonly oldestPendingSeconds: number;
  /** Jobs that are due. */
  readonly dueJobs: number;
  readonly oldestDueSeconds: number;
  /** Jobs that wait for a further try. */
  readonly delayedJobs: number;
  readonly activeJobs: number;
  /** Jobs whose handler failed to the end and that nobody has looked at. */
  readonly failedJobs: number;
}

/** More than this is not counted: what is behind by so much needs no finer figure. */
const COUNT_LIMIT = 10_000;

const SELECT = `WITH waiting AS (
    SELECT start_after FROM ${JOBS} WHERE name = $1 AND state < 'active' AND NOT blocked LIMIT $3
  )
  SELECT p.waiting AS "pendingEvents",
    coalesce(extract(epoch FROM clock_timestamp() - p.oldest_at), 0)::float8 AS "oldestPendingSeconds",
    (SELECT count(*)::integer FROM waiting WHERE start_after <= now()) AS "dueJobs",
    coalesce((SELECT extract(epoch FROM now() - min(start_after)) FROM waiting
      WHERE start_after <= now()), 0)::float8 AS "oldestDueSeconds",
    (SELECT count(*)::integer FROM waiting WHERE start_after > now()) AS "delayedJobs",
    (SELECT count(*)::integer FROM (SELECT 1 FROM ${JOBS}
      WHERE name = $1 AND state = 'active' LIMIT $3) a) AS "activeJobs",
    (SELECT count(*)::integer FROM (SELECT 1 FROM ${JOBS}
      WHERE name = $2 AND state < 'active' AND NOT blocked LIMIT $3) f) AS "failedJobs"
  FROM kernel_pending_backlog($3::integer) p`;

/** How far the worker is behind, for readiness and metrics. */
@Injectable()
export class Backlog {
  constructor(private readonly database: Database) {}

  /** Counts what waits. Bounded in what it counts and, by the caller's deadline, in time. */
  async count(): Promise<BacklogFigures> {
    const [figures] = await this.database.rowsWithoutCompany<BacklogFigures>(SELECT, [
      DELIVERIES,
      FAILED_DELIVERIES,
      COUNT_LIMIT,
    ]);
    if (!figures) throw new Error('The backlog has no figures.');
    return figures;
  }
}
