import { Injectable } from '@nestjs/common';
import { Clock, Database, newId, Records } from '#kernel';
import type { Alert } from '../alert/alert.entity.js';
import { concerns, firstNotice } from './notice.timing.js';
import { Subscription } from './subscription.entity.js';

// A notice is made once for an alert and a subscription, and begins anew when the alert does.
const BEGIN = `INSERT INTO operational_alerts_notice
    (id, company_id, created_at, updated_at, version, alert_id, subscription_id, state, next_at)
  VALUES ($1, $2, $3, $3, 1, $4, $5, 'waiting', $6)
  ON CONFLICT (company_id, alert_id, subscription_id) DO UPDATE
    SET state = 'waiting', next_at = excluded.next_at, told_at = NULL,
      updated_at = excluded.updated_at, version = operational_alerts_notice.version + 1`;

const CHANGE = 'updated_at = $3, version = version + 1';
const OF_ALERT = 'WHERE company_id = $1 AND alert_id = $2';

/** Keeps what each subscription is to be told of an alert, in the transaction that changes the alert. */
@Injectable()
export class NoticeService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly clock: Clock,
  ) {}

  /** The alert begins, or begins again. */
  async open(alert: Alert): Promise<void> {
    for (const subscription of await this.concerned(alert)) await this.begin(alert, subscription);
  }

  /** A further occurrence: what was muted as a symptom counts again; a graver alert concerns more. */
  async recall(alert: Alert, isGraver: boolean): Promise<void> {
    const now = this.clock.now();
    await this.database.write(
      `UPDATE operational_alerts_notice SET state = 'waiting', next_at = $3, ${CHANGE}
       ${OF_ALERT} AND state = 'muted'`,
      [this.database.companyId, alert.id, now],
    );
    if (!isGraver || alert.state !== 'open') return;
    const known = await this.database.rows<{ id: string }>(
      `SELECT subscription_id AS id FROM operational_alerts_notice ${OF_ALERT} AND state <> 'idle'`,
      [this.database.companyId, alert.id],
    );
    for (const subscription of await this.concerned(alert)) {
      if (!known.some(({ id }) => id === subscription.id)) await this.begin(alert, subscription);
    }
  }

  /** Who was told that it goes on is told that it is over; the others hear nothing. */
  async resolve(alert: Alert): Promise<void> {
    await this.database.write(
      `UPDATE operational_alerts_notice SET
         state = CASE WHEN told_at IS NULL THEN 'idle' ELSE 'told' END,
         next_at = CASE WHEN told_at IS NULL THEN NULL ELSE $3::timestamptz END, ${CHANGE}
       ${OF_ALERT}`,
      [this.database.companyId, alert.id, this.clock.now()],
    );
  }

  /** Somebody is on it, or it is silenced: nobody is told anything until something changes. */
  async hush(alert: Alert): Promise<void> {
    await this.database.write(
      `UPDATE operational_alerts_notice SET next_at = NULL, ${CHANGE} ${OF_ALERT}`,
      [this.database.companyId, alert.id, this.clock.now()],
    );
  }

  /** A silence is over and the alert is not: who was told is told again, the others begin. */
  async remind(alert: Alert): Promise<void> {
    const now = this.clock.now();
    await this.database.write(
      `UPDATE operational_alerts_notice SET next_at = $3, ${CHANGE} ${OF_ALERT}
         AND told_at IS NOT NULL`,
      [this.database.companyId, alert.id, now],
    );
    const told = await this.database.rows<{ id: string }>(
      `SELECT subscription_id AS id FROM operational_alerts_notice ${OF_ALERT}
         AND told_at IS NOT NULL`,
      [this.database.companyId, alert.id],
    );
    for (const subscription of await this.concerned(alert)) {
      if (!told.some(({ id }) => id === subscription.id)) await this.begin(alert, subscription);
    }
  }

  /** Some were told without the database: they are not told again, but they hear of the end. */
  async noteTold(alert: Alert, subscriptionIds: readonly string[], at: Date): Promise<void> {
    for (const subscription of await this.concerned(alert)) {
      if (!subscriptionIds.includes(subscription.id)) continue;
      const next = new Date(at.getTime() + subscription.repeatMinutes * 60_000);
      await this.database.write(
        `UPDATE operational_alerts_notice SET state = 'told', told_at = $4, next_at = $5, ${CHANGE}
         ${OF_ALERT} AND subscription_id = $6`,
        [this.database.companyId, alert.id, this.clock.now(), at, next, subscription.id],
      );
    }
  }

  private async begin(alert: Alert, subscription: Subscription): Promise<void> {
    const now = this.clock.now();
    const next = firstNotice(subscription, now);
    const { companyId } = this.database;
    await this.database.write(BEGIN, [
      ...[newId(), companyId, now, alert.id, subscription.id, next],
    ]);
  }

  private async concerned(alert: Alert): Promise<Subscription[]> {
    const all = await this.records.allBeyondRules(Subscription, { active: true });
    return all.filter((subscription) => concerns(subscription, alert));
  }
}
