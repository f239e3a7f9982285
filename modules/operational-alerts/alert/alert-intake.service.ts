import { Injectable } from '@nestjs/common';
import { In, MoreThanOrEqual } from 'typeorm';
import {
  AddonRegistry,
  Database,
  EventRow,
  Events,
  OnAlertSignal,
  Problem,
  Records,
  toStoredEvent,
} from '#kernel';
import type { AlertDefinition, AlertSignal, Severity, StoredEvent } from '#kernel';
import { NoticeService } from '../notification/notice.service.js';
import { Alert, fingerprintOf } from './alert.entity.js';
import type { Change, Occurrence } from './alert.entity.js';
import * as events from './alert.events.js';
import type { AlertFacts } from './alert.events.js';
import { UnknownAlertType } from './alert.problems.js';

const MAX_LABEL = 200;
const MAX_KEY = 200;
/** Clearing events that are looked through after a late one. */
const MAX_LATER = 200;
/** Alerts of one type that go on at once; any further ones are counted together. */
const MAX_UNRESOLVED = 1_000;
/** The key under which they are counted. */
const OTHERS = '(others)';
/** Characters of an alert's example, as JSON. */
const MAX_DETAILS = 4_000;

/**
 * Where alerts come in, from events of any addon, from measurements and from outside: counts them
 * under their fingerprint, and says what has changed. Always in one company's transaction.
 */
@Injectable()
export class AlertIntakeService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly registry: AddonRegistry,
    private readonly notices: NoticeService,
  ) {}

  /** What the type's addon declared. @throws Problem UnknownAlertType */
  definitionOf(type: string): AlertDefinition {
    const found = this.registry.alerts.find((definition) => definition.type === type);
    if (!found) throw new Problem(UnknownAlertType, { extra: { type } });
    return found;
  }

  /** Takes an event for every alert that it raises or clears. */
  @OnAlertSignal()
  async take(event: StoredEvent): Promise<void> {
    const at = event.occurredAt;
    const cause = { eventId: event.id, name: event.name, at: at.toISOString() };
    const label = event.subject.label;
    for (const { type, raisedBy = [], clearedBy = [] } of this.registry.alerts) {
      const raised = tellingsOf(raisedBy, event);
      for (const [key, severity] of raised) {
        const occurrence = { count: 1, firstAt: at, lastAt: at, label, cause };
        await this.record(type, key, { ...occurrence, ...(severity ? { severity } : {}) });
      }
      const later = raised.length > 0 ? await this.laterOf(clearedBy, at) : [];
      for (const sign of [...later, event]) {
        for (const [key] of tellingsOf(clearedBy, sign)) {
          const isOurs = sign === event || raised.some(([mine]) => mine === key);
          if (isOurs) await this.good(type, key, sign.occurredAt);
        }
      }
    }
  }

  /** Events come in no order: one that says all is well may have come before what it is about. */
  private async laterOf(signals: readonly AlertSignal[], since: Date): Promise<StoredEvent[]> {
    if (signals.length === 0) return [];
    const rows = await this.database.manager.find(EventRow, {
      where: {
        companyId: this.database.companyId,
        action: In(signals.map(({ event }) => event.name)),
        createdAt: MoreThanOrEqual(since),
      },
      order: { createdAt: 'ASC' },
      take: MAX_LATER,
    });
    return rows.map(toStoredEvent);
  }

  /**
   * Counts an occurrence: a new alert, one that returns, or one more of the same. A type with too many
   * alerts gets no further ones: what raises ever new keys must not fill the database.
   */
  async record(type: string, key: string, occurrence: Occurrence): Promise<Alert> {
    const definition = this.definitionOf(type);
    const bounded = boundedOccurrence(occurrence);
    return this.database.transaction(async () => {
      const known = await this.hold(type, key);
      const isTooMany = !known && key !== OTHERS && (await this.isFull(type));
      if (isTooMany) return this.record(type, OTHERS, { ...occurrence, label: 'further ones' });
      if (!known) return this.open(definition, key, bounded);
      const before = known.severity;
      const change = known.occur(bounded, definition);
      await this.records.store(known);
      await this.follow(known, change);
      if (change === 'counted') await this.notices.recall(known, isGraver(known.severity, before));
      return known;
    });
  }

  /** Takes a sign that all is well; of an alert that nobody opened it says nothing. */
  async good(type: string, key: string, at: Date): Promise<void> {
    const definition = this.definitionOf(type);
    await this.database.transaction(async () => {
      const known = await this.hold(type, key);
      if (!known || known.state === 'resolved') return;
      const change = known.takeGoodSign(at, definition);
      await this.records.store(known);
      await this.follow(known, change);
    });
  }

  /** Does what is due by itself: silences that end, quiet that has lasted long enough. */
  async wake(now: Date): Promise<void> {
    await this.database.transaction(async () => {
      const due = await this.database.rows<{ id: string }>(
        `SELECT id FROM operational_alerts_alert WHERE company_id = $1 AND wakes_at <= $2
         ORDER BY id LIMIT 200 FOR UPDATE SKIP LOCKED`,
        [this.database.companyId, now],
      );
      for (const { id } of due) {
        const alert = await this.records.get(Alert, id, 'update');
        const wasSilenced = alert.state === 'silenced';
        const change = alert.wake(now, this.endingOf(alert));
        await this.records.store(alert);
        if (change === 'resolved') await this.follow(alert, change);
        else if (wasSilenced) {
          await this.announce(events.SilenceEnded, alert);
          await this.notices.remind(alert);
        }
      }
    });
  }

  /** What the type says of its end; an alert whose addon is gone ends by a person only. */
  endingOf({ type }: Alert): Pick<AlertDefinition, 'quietMinutes' | 'goodSigns'> {
    return this.registry.alerts.find((definition) => definition.type === type) ?? {};
  }

  async announce(
    event: typeof events.AlertOpened,
    alert: Alert,
    reason: string | null = null,
  ): Promise<void> {
    await this.events.publish(event, {
      subject: subjectOf(alert),
      payload: factsOf(alert),
      reason,
    });
  }

  private async hold(type: string, key: string): Promise<Alert | null> {
    const fingerprint = fingerprintOf(type, key);
    await this.database.lockName(`operational-alerts ${this.database.companyId} ${fingerprint}`);
    return this.records.find(Alert, { fingerprint }, 'update');
  }

  private async isFull(type: string): Promise<boolean> {
    const [row] = await this.database.rows<{ count: number }>(
      `SELECT count(*)::integer AS count FROM (SELECT 1 FROM operational_alerts_alert
         WHERE company_id = $1 AND type = $2 AND state <> 'resolved' LIMIT ${MAX_UNRESOLVED}) AS unresolved`,
      [this.database.companyId, type],
    );
    return (row?.count ?? 0) >= MAX_UNRESOLVED;
  }

  private async open(
    { type, severity, scope, quietMinutes, goodSigns = 1 }: AlertDefinition,
    key: string,
    occurrence: Occurrence,
  ): Promise<Alert> {
    const { count, firstAt, lastAt, label, details = {}, cause } = occurrence;
    const quietMs = quietMinutes === undefined ? null : quietMinutes * goodSigns * 60_000;
    const alert = await this.records.insert(Alert, {
      ...{ type, key, scope, label, details, ...NEW },
      fingerprint: fingerprintOf(type, key),
      severity: occurrence.severity ?? severity,
      causes: cause ? [cause] : [],
      occurrences: count,
      firstSeenAt: firstAt,
      lastSeenAt: lastAt,
      openedAt: firstAt,
      wakesAt: quietMs === null ? null : new Date(lastAt.getTime() + quietMs),
    });
    await this.follow(alert, 'opened');
    return alert;
  }

  private async follow(alert: Alert, change: Change): Promise<void> {
    if (change === 'opened' || change === 'reopened') {
      await this.announce(change === 'opened' ? events.AlertOpened : events.AlertReopened, alert);
      await this.notices.open(alert);
    }
    if (change === 'resolved') {
      const payload = { ...factsOf(alert), byItself: alert.resolvedBy === null };
      const { reason } = alert;
      await this.events.publish(events.AlertResolved, {
        subject: subjectOf(alert),
        payload,
        reason,
      });
      await this.notices.resolve(alert);
    }
  }
}

export function factsOf({ id: alertId, type, key, severity }: Alert): AlertFacts {
  return { alertId, type, key, severity };
}

export function subjectOf({ id, type, label }: Alert): { type: string; id: string; label: string } {
  const words = `${type}: ${label}`;
  return { type: 'operational-alerts.alert', id, label: words.slice(0, MAX_LABEL) };
}

const NEW = {
  state: 'open' as const,
  regressions: 0,
  goodSigns: 0,
  acknowledgedAt: null,
  acknowledgedBy: null,
  silencedUntil: null,
  resolvedAt: null,
  resolvedBy: null,
  reason: null,
};

/** Keys and severities, in one order, so that two events with several keys never wait for each other. */
function tellingsOf(
  signals: readonly AlertSignal[],
  event: StoredEvent,
): [string, Severity | undefined][] {
  const heard = signals.filter(({ event: { name } }) => name === event.name);
  const found = new Map(
    heard.flatMap((signal) =>
      signal.keys(event).map((key) => [key.slice(0, MAX_KEY), signal.severity?.(event)] as const),
    ),
  );
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function isGraver(now: Severity, before: Severity): boolean {
  return before !== 'critical' && now !== before && now !== 'info';
}

function boundedOccurrence(occurrence: Occurrence): Occurrence {
  const { details, label } = occurrence;
  const isTooLong = details !== undefined && JSON.stringify(details).length > MAX_DETAILS;
  return {
    ...occurrence,
    label: label.slice(0, MAX_LABEL),
    ...(isTooLong ? { details: { shortened: JSON.stringify(details).slice(0, MAX_DETAILS) } } : {}),
  };
}
