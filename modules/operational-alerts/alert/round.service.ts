import { Injectable, Logger } from '@nestjs/common';
import { Clock, Database, OnSchedule, Round, runAsHouse } from '#kernel';
import type { ScheduleDefinition } from '#kernel';
import { HeartbeatWatchService } from '../heartbeat/heartbeat-watch.service.js';
import { DispatchService } from '../notification/dispatch.service.js';
import { SpoolService } from '../spool/spool.service.js';
import { AlertIntakeService } from './alert-intake.service.js';

const DAY_MS = 86_400_000;

/** Forgets what nobody looks at any more; what happened stays in the event log. */
export const ForgetAlerts: ScheduleDefinition = {
  name: 'operational-alerts.forget',
  cron: '50 3 * * *',
  summary: 'forgets messages after 90 days and resolved alerts after a year',
  per: 'company',
};

/** What time alone brings about: silences that end, heartbeats that are late, messages that are due. */
@Injectable()
export class RoundService {
  private readonly log = new Logger('alerts');

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly intake: AlertIntakeService,
    private readonly watch: HeartbeatWatchService,
    private readonly dispatching: DispatchService,
    private readonly spools: SpoolService,
  ) {}

  /** One look at every company in which something is due. */
  @Round({ restMs: 1_000 })
  async look(): Promise<void> {
    const due = await this.database.rowsWithoutCompany<{ id: string }>(
      'SELECT company_id AS id FROM operational_alerts_due($1)',
      [this.clock.now()],
    );
    for (const { id: companyId } of due) {
      await runAsHouse(companyId, 'operational-alerts.round', async () => {
        await this.attempt(companyId, () => this.intake.wake(this.clock.now()));
        await this.attempt(companyId, () => this.watch.look());
        await this.attempt(companyId, () => this.dispatching.dispatch());
      });
    }
  }

  /** What fails in one company, or of one kind, keeps nobody else from hearing. */
  private async attempt(companyId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.log.error({ message: 'a round failed', companyId, error: String(error) });
    }
  }

  @OnSchedule(ForgetAlerts)
  async forget(): Promise<void> {
    const before = (days: number): Date => new Date(this.clock.now().getTime() - days * DAY_MS);
    await this.database.transaction(async () => {
      const { companyId } = this.database;
      await this.database.rows(
        'DELETE FROM operational_alerts_notification WHERE company_id = $1 AND created_at < $2',
        [companyId, before(90)],
      );
      await this.database.rows(
        `DELETE FROM operational_alerts_notice WHERE company_id = $1 AND alert_id IN (
           SELECT id FROM operational_alerts_alert WHERE company_id = $1 AND resolved_at < $2)`,
        [companyId, before(365)],
      );
      await this.database.rows(
        'DELETE FROM operational_alerts_alert WHERE company_id = $1 AND resolved_at < $2',
        [companyId, before(365)],
      );
      await this.spools.forget();
    });
  }
}
