import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Database, Events, OnSchedule } from '#kernel';
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

/** What somebody should hear of without looking for it: once a day, and not once a report. */
@Injectable()
export class DigestService {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  /** Publishes the digest of yesterday, where there is an app that reports. */
  @OnSchedule(MakeDigest)
  async make(): Promise<void> {
    const now = this.clock.now();
    const day = businessDay(new Date(now.getTime() - DAY_MS));
    await this.database.transaction(async () => {
      const { companyId } = this.database;
      const apps = await this.database.rowsByPlan<AppDay>(BY_APP, [companyId, day]);
      const sum = (read: (app: AppDay) => number): number =>
        apps.reduce((total, app) => total + read(app), 0);
      const [reports, noise] = [sum((app) => app.reports), sum((app) => app.noise)];
      if (reports + noise === 0 && sum(({ usual }) => usual) === 0) return;
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
    });
  }
}

function isSpike({ reports, usual }: AppDay): boolean {
  return reports >= SPIKE_LEAST && reports >= usual * SPIKE_FACTOR;
}

function spikeOf({ appId, app, reports, usual }: AppDay): Spike {
  return { appId, app, reports, usual: Math.round(usual * 10) / 10 };
}
