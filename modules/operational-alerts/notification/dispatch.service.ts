import { Injectable } from '@nestjs/common';
import { AddonRegistry, Clock, Database, Events, Records } from '#kernel';
import { Alert } from '../alert/alert.entity.js';
import { AlertEscalated } from '../alert/alert.events.js';
import { factsOf, subjectOf } from '../alert/alert-intake.service.js';
import { Notice } from './notice.entity.js';
import { inhibitorsOf, stepOf } from './notice.timing.js';
import type { Step } from './notice.timing.js';
import { Notification } from './notification.entity.js';
import type { NotificationItem } from './notification.entity.js';
import { NotificationRequested } from './notification.events.js';
import { Subscription } from './subscription.entity.js';

/** Notices that one look takes up; the rest is due at the next. */
const MAX_NOTICES = 500;
/** Alerts that a message tells of; it only counts the others. */
const MAX_ITEMS = 50;
/** How long an inhibiting alert that was resolved is still looked at. */
const CAUSE_MS = 3_600_000;

interface Decision {
  readonly notice: Notice;
  readonly alert: Alert;
  readonly step: Step;
}

/** Decides who is told what, and makes one message of all that a subscription is due. */
@Injectable()
export class DispatchService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly registry: AddonRegistry,
  ) {}

  /** Makes the messages of one company that are due. */
  async dispatch(): Promise<void> {
    const due = await this.database.transaction(() =>
      this.database.rows<{ id: string }>(
        `SELECT DISTINCT subscription_id AS id FROM operational_alerts_notice
         WHERE company_id = $1 AND next_at <= $2`,
        [this.database.companyId, this.clock.now()],
      ),
    );
    for (const { id } of due) await this.database.transaction(() => this.dispatchOf(id));
  }

  /** The subscription's row is held: two workers make one message. */
  private async dispatchOf(subscriptionId: string): Promise<void> {
    const subscription = await this.records.get(Subscription, subscriptionId, 'update');
    const now = this.clock.now();
    const waitMs = subscription.groupWaitSeconds * 1000;
    const paced = subscription.lastSentAt ? subscription.lastSentAt.getTime() + waitMs : 0;
    if (!(await this.isDue(subscriptionId, now))) return;
    if (paced > now.getTime()) return this.postpone(subscriptionId, now, new Date(paced));
    // What waits for company comes along with what need not wait any longer.
    const horizon = new Date(now.getTime() + waitMs);
    const decisions = await this.decide(subscription, now, horizon);
    const tells = decisions.filter(({ step }) => step.act === 'tell');
    for (const decision of decisions) await this.note(decision, now);
    if (tells.length === 0) return;
    subscription.lastSentAt = now;
    await this.records.store(subscription);
    await this.send(subscription, tells);
  }

  private async decide(subscription: Subscription, now: Date, until: Date): Promise<Decision[]> {
    const rows = await this.database.rows<{ id: string }>(
      `SELECT id FROM operational_alerts_notice WHERE company_id = $1 AND subscription_id = $2
         AND (next_at <= $3 OR (state = 'waiting' AND next_at <= $4))
       ORDER BY next_at, id LIMIT ${MAX_NOTICES} FOR UPDATE`,
      [this.database.companyId, subscription.id, now, until],
    );
    const notices = await this.records.allBeyondRules(Notice, { id: rows.map(({ id }) => id) });
    const alertIds = notices.map(({ alertId }) => alertId);
    const alerts = await this.records.allBeyondRules(Alert, { id: alertIds });
    const causes = await this.causesOf(alerts, now);
    return notices.flatMap((notice) => {
      const alert = alerts.find(({ id }) => id === notice.alertId);
      if (!alert) return [];
      const types = inhibitorsOf(alert.type, this.registry.alerts);
      const own = causes.filter(({ type }) => types.includes(type));
      const step: Step = subscription.active
        ? stepOf(subscription, alert, notice.toldAt, own, now)
        : { act: 'drop' };
      return [{ notice, alert, step }];
    });
  }

  /** Alerts that may be why these are there. */
  private async causesOf(alerts: readonly Alert[], now: Date): Promise<Alert[]> {
    const types = new Set(alerts.flatMap(({ type }) => inhibitorsOf(type, this.registry.alerts)));
    if (types.size === 0) return [];
    const found = await this.records.allBeyondRules(Alert, { type: [...types] });
    const since = new Date(now.getTime() - CAUSE_MS);
    return found.filter(({ resolvedAt }) => resolvedAt === null || resolvedAt > since);
  }

  private async note({ notice, step }: Decision, now: Date): Promise<void> {
    const { state, nextAt, toldAt } = after(notice, step, now);
    await this.database.write(
      `UPDATE operational_alerts_notice SET state = $3, next_at = $4, told_at = $5,
         updated_at = $6, version = version + 1 WHERE company_id = $1 AND id = $2`,
      [this.database.companyId, notice.id, state, nextAt, toldAt, now],
    );
  }

  private async send(subscription: Subscription, tells: readonly Decision[]): Promise<void> {
    const items = tells.slice(0, MAX_ITEMS).map((decision) => this.itemOf(decision));
    const notification = await this.records.insert(Notification, {
      subscriptionId: subscription.id,
      state: 'queued',
      items,
      more: tells.length - items.length,
      attempts: 0,
      sentAt: null,
      lastError: null,
    });
    const { id: subscriptionId, name } = subscription;
    const alertIds = items.map(({ alertId }) => alertId);
    await this.events.publish(NotificationRequested, {
      subject: { type: 'operational-alerts.notification', id: notification.id, label: name },
      payload: { notificationId: notification.id, subscriptionId, alertIds },
    });
    if (subscription.afterUnacknowledgedMinutes === 0) return;
    for (const { alert, notice, step } of tells) {
      if (notice.toldAt !== null || step.act !== 'tell' || step.status !== 'firing') continue;
      const payload = { ...factsOf(alert), subscriptionId };
      await this.events.publish(AlertEscalated, { subject: subjectOf(alert), payload });
    }
  }

  private itemOf({ alert, notice, step }: Decision): NotificationItem {
    const definition = this.registry.alerts.find(({ type }) => type === alert.type);
    const { id: alertId, fingerprint, type, key, severity, label, occurrences } = alert;
    return {
      ...{ alertId, fingerprint, type, key, severity, label, occurrences },
      status: step.act === 'tell' ? step.status : 'firing',
      summary: definition?.summary ?? { es: type, en: type },
      runbook: definition?.runbook ?? null,
      regression: alert.regressions > 0,
      again: notice.toldAt !== null && alert.state !== 'resolved',
      openedAt: alert.openedAt.toISOString(),
      lastSeenAt: alert.lastSeenAt.toISOString(),
      resolvedAt: alert.resolvedAt?.toISOString() ?? null,
    };
  }

  private async isDue(subscriptionId: string, now: Date): Promise<boolean> {
    const due = await this.database.rows(
      `SELECT 1 FROM operational_alerts_notice
       WHERE company_id = $1 AND subscription_id = $2 AND next_at <= $3 LIMIT 1`,
      [this.database.companyId, subscriptionId, now],
    );
    return due.length > 0;
  }

  private async postpone(subscriptionId: string, now: Date, until: Date): Promise<void> {
    await this.database.write(
      `UPDATE operational_alerts_notice SET next_at = $4 WHERE company_id = $1
         AND subscription_id = $2 AND next_at <= $3`,
      [this.database.companyId, subscriptionId, now, until],
    );
  }
}

function after(
  { state, toldAt }: Notice,
  step: Step,
  now: Date,
): Pick<Notice, 'state' | 'nextAt' | 'toldAt'> {
  switch (step.act) {
    case 'wait':
      return { state, nextAt: step.until, toldAt };
    case 'mute':
      return { state: 'muted', nextAt: null, toldAt };
    case 'drop':
      return { state: toldAt ? state : 'idle', nextAt: null, toldAt };
    default:
      return step.status === 'firing'
        ? { state: 'told', nextAt: step.nextAt, toldAt: now }
        : { state: 'idle', nextAt: null, toldAt: null };
  }
}
