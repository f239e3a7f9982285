import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Database, Events, OnSchedule, runAsHouse } from '#kernel';
import type { ScheduleDefinition } from '#kernel';
import { DigestMade } from './digest.events.js';
import type { Spike } from './digest.events.js';

const DAY_MS = 86_400_000;
/** A day is a spike with so many times what is usual, and at least so many reports. */
const SPIKE_FACTOR = 5;
const SPIKE_LEAST = 100;
const USUAL_DAYS = 7;
/** So many reporters of a new group are no single visitor's affair. */
const SEVERAL = 3;
const MAX_GROUPS = 20;
/** So long a group is new, and told of every morning until somebody judges it. */
const NEW_DAYS = 7;

/** Tells every morning what came on the day before. */
export const MakeDigest: ScheduleDefinition = {
  name: 'security-csp.make-digest',
  cron: '20 6 * * *',
  summary: 'publishes csp_digest.made about the violation reports of the day before',
  per: 'company',
};

interface AppDay {
  readonly appId: string;
  readonly app: string;
  readonly reports: number;
  readonly noise: number;
  readonly newGroups: number;
  readonly usual: number;
}

// Days without a report count as well: a first busy day is a spike.
const BY_APP = `SELECT a.id AS "appId", a.slug AS app,
    coalesce(sum(d.count) FILTER (WHERE d.day = $2::date AND NOT g.noise), 0)::float8 AS reports,
    coalesce(sum(d.count) FILTER (WHERE d.day = $2::date AND g.noise), 0)::float8 AS noise,
    count(*) FILTER (WHERE d.day = $2::date AND g.days = 1 AND g.last_day = $2::date)::float8 AS "newGroups",
    (coalesce(sum(d.count) FILTER (WHERE d.day < $2::date AND NOT g.noise), 0) / ${USUAL_DAYS}.0)::float8 AS usual
  FROM security_csp_app a
    LEFT JOIN security_csp_group_day d ON d.company_id = a.company_id AND d.app_id = a.id
      AND d.day BETWEEN $2::date - ${USUAL_DAYS} AND $2::date
    LEFT JOIN security_csp_group g ON g.company_id = d.company_id AND g.id = d.group_id
  WHERE a.company_id = $1
  GROUP BY a.id ORDER BY a.slug`;

const WIDELY_SEEN = `SELECT id AS "groupId", app, reporters FROM security_csp_group
  WHERE company_id = $1 AND created_at >= $2 AND NOT noise AND verdict = 'pending' AND reporters >= $3
  ORDER BY reporters DESC, id LIMIT $4`;

const IS_MADE = `SELECT 1 FROM kernel_event WHERE company_id = $1 AND action = $2 AND created_at >= $3
  AND payload->>'day' = $4 LIMIT 1`;

/** What somebody should hear of without looking for it: once a day, and not once a report. */
@Injectable()
export class DigestService {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  @OnSchedule(MakeDigest)
  async makeDue(): Promise<void> {
    await this.make();
  }

  /**
   * Publishes the digest of yesterday, where there is an app that reports; once, whoever asks and however often: the
   * worker's schedule, its catching up, the operator's timer. The log itself says whether it was made.
   *
   * @returns whether this call made it
   */
  async make(): Promise<boolean> {
    const now = this.clock.now();
    const yesterday = new Date(now.getTime() - DAY_MS);
    const day = businessDay(yesterday);
    return this.database.transaction(async () => {
      const { companyId } = this.database;
      // Whoever waited here sees what the first one made.
      await this.database.lockName(`security-csp.digest ${companyId}`);
      const since = new Date(yesterday.getTime() - DAY_MS);
      const told = [companyId, DigestMade.name, since, day];
      if ((await this.database.rows(IS_MADE, told)).length > 0) return false;
      const apps = await this.database.rowsByPlan<AppDay>(BY_APP, [companyId, day]);
      const sum = (read: (app: AppDay) => number): number =>
        apps.reduce((total, app) => total + read(app), 0);
      const [reports, noise] = [sum((app) => app.reports), sum((app) => app.noise)];
      if (reports + noise === 0 && sum(({ usual }) => usual) === 0) return false;
      const spikes = apps.filter(isSpike);
      const widelySeen = await this.database.rowsByPlan<{
        groupId: string;
        app: string;
        reporters: number;
      }>(WIDELY_SEEN, [
        companyId,
        new Date(now.getTime() - NEW_DAYS * DAY_MS),
        SEVERAL,
        MAX_GROUPS,
      ]);
      await this.events.publish(DigestMade, {
        subject: { type: 'base.company', id: companyId, label: `violation reports of ${day}` },
        payload: {
          ...{ day, reports, noise, newGroups: sum(({ newGroups }) => newGroups) },
          spikes: spikes.map(spikeOf),
          calm: apps.filter((app) => !isSpike(app)).map(({ appId }) => appId),
          widelySeen,
        },
      });
      return true;
    });
  }

  /** The same in every company. @returns how many there are, and in how many this call made a digest */
  async makeEverywhere(): Promise<{ companies: number; made: number }> {
    const rows = await this.database.rowsWithoutCompany<{ id: string }>(
      'SELECT id FROM kernel_company ORDER BY id',
    );
    let made = 0;
    for (const { id } of rows) {
      if (await runAsHouse(id, 'ofitec csp digest', () => this.make())) made += 1;
    }
    return { companies: rows.length, made };
  }
}

function isSpike({ reports, usual }: AppDay): boolean {
  return reports >= SPIKE_LEAST && reports >= usual * SPIKE_FACTOR;
}

function spikeOf({ appId, app, reports, usual }: AppDay): Spike {
  return { appId, app, reports, usual: Math.round(usual * 10) / 10 };
}
