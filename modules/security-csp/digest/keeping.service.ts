import { Injectable } from '@nestjs/common';
import { Clock, Config, Database, OnSchedule } from '#kernel';
import type { ConfigValues, ScheduleDefinition } from '#kernel';
import { cspConfig } from '../security-csp.config.js';

const DAY_MS = 86_400_000;
/** Counts of a day, which hold nothing but numbers. */
const COUNT_DAYS = 400;
/** A group of one reporter is noise after so long, in an app that so many others report of. */
const ALONE_MS = DAY_MS;
const CROWD = 10;

/** Forgets what is old. */
export const ForgetReports: ScheduleDefinition = {
  name: 'security-csp.forget',
  cron: '35 4 * * *',
  summary: 'forgets single reports, groups that nobody judged and counts, each after its time',
  per: 'company',
};

/** Looks again at what time alone makes noise. */
export const ClassifyGroups: ScheduleDefinition = {
  name: 'security-csp.classify',
  cron: '7 * * * *',
  summary: 'marks groups that one reporter alone has seen for a day, and unmarks those of several',
  per: 'company',
};

const ALONE = `UPDATE security_csp_group g SET noise = true, noise_reason = 'single_reporter'
  WHERE g.company_id = $1 AND NOT g.noise AND NOT g.noise_overridden AND g.verdict = 'pending'
    AND g.reporters = 1 AND g.created_at < $2
    AND EXISTS (SELECT 1 FROM security_csp_group o
      WHERE o.company_id = $1 AND o.app_id = g.app_id AND o.reporters >= $3)`;

const NOT_ALONE = `UPDATE security_csp_group SET noise = false, noise_reason = NULL
  WHERE company_id = $1 AND noise_reason = 'single_reporter' AND NOT noise_overridden AND reporters > 1`;

const OLD_GROUPS = `SELECT id FROM security_csp_group
  WHERE company_id = $1 AND verdict = 'pending' AND last_day < $2::date ORDER BY id LIMIT 5000`;

const FORGET_GROUPS = [
  'DELETE FROM security_csp_sample WHERE company_id = $1 AND group_id = ANY($2::uuid[])',
  'DELETE FROM security_csp_group_day WHERE company_id = $1 AND group_id = ANY($2::uuid[])',
  'DELETE FROM security_csp_group WHERE company_id = $1 AND id = ANY($2::uuid[])',
];

// A group whose single reports are gone keeps new ones.
const FORGET_SAMPLES = `WITH gone AS (
    DELETE FROM security_csp_sample WHERE company_id = $1 AND created_at < $2 RETURNING group_id
  )
  UPDATE security_csp_group g SET samples = 0 WHERE company_id = $1 AND id IN (SELECT group_id FROM gone)
    AND NOT EXISTS (SELECT 1 FROM security_csp_sample s
      WHERE s.company_id = $1 AND s.group_id = g.id AND s.created_at >= $2)`;

const FORGET_POLICIES = `DELETE FROM security_csp_policy_text p
  WHERE p.company_id = $1 AND p.created_at < $2 AND NOT EXISTS (
    SELECT 1 FROM security_csp_group g WHERE g.company_id = $1 AND g.policy_hash = p.hash)`;

/** Keeps the tables small, and what they say true. */
@Injectable()
export class KeepingService {
  private readonly config: ConfigValues<typeof cspConfig>;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.config = config.of(cspConfig);
  }

  @OnSchedule(ForgetReports)
  async forget(): Promise<void> {
    const before = (days: number): Date => new Date(this.clock.now().getTime() - days * DAY_MS);
    const { CSP_RETENTION_DAYS: groupDays, CSP_SAMPLE_DAYS: sampleDays } = this.config;
    while (await this.forgetGroups(before(groupDays)));
    await this.database.transaction(async () => {
      const { companyId } = this.database;
      const run = (sql: string, at: Date): Promise<number> =>
        this.database.change(sql, [companyId, at]);
      await run(FORGET_SAMPLES, before(sampleDays));
      await run(FORGET_POLICIES, before(groupDays));
      for (const table of ['group_day', 'app_day']) {
        const sql = `DELETE FROM security_csp_${table} WHERE company_id = $1 AND day < $2::date`;
        await run(sql, before(COUNT_DAYS));
      }
      const hashes =
        'DELETE FROM security_csp_script_hash WHERE company_id = $1 AND last_day < $2::date';
      await run(hashes, before(groupDays));
    });
  }

  @OnSchedule(ClassifyGroups)
  async classify(): Promise<void> {
    await this.database.transaction(async () => {
      const { companyId } = this.database;
      const since = new Date(this.clock.now().getTime() - ALONE_MS);
      await this.database.change(NOT_ALONE, [companyId]);
      await this.database.change(ALONE, [companyId, since, CROWD]);
    });
  }

  /** Some thousand at a time. @returns whether there were any */
  private async forgetGroups(before: Date): Promise<boolean> {
    return this.database.transaction(async () => {
      const { companyId } = this.database;
      const old = await this.database.rows<{ id: string }>(OLD_GROUPS, [companyId, before]);
      const ids = old.map(({ id }) => id);
      for (const sql of FORGET_GROUPS) await this.database.change(sql, [companyId, ids]);
      return ids.length > 0;
    });
  }
}
