import { Injectable } from '@nestjs/common';
import {
  AddonRegistry,
  Clock,
  currentActor,
  Database,
  defineList,
  Events,
  Problem,
  Records,
  SEVERITIES,
} from '#kernel';
import type { AlertDefinition, Page, Severity } from '#kernel';
import { NoticeService } from '../notification/notice.service.js';
import { Alert, ALERT_STATES } from './alert.entity.js';
import * as events from './alert.events.js';
import type { Silence } from './alert.input.js';
import { AlertIntakeService, factsOf, subjectOf } from './alert-intake.service.js';
import { SilenceTooLong } from './alert.problems.js';

const MAX_SILENCE_MS = 30 * 86_400_000;

/** The type that a person fires to see whether the right people hear of it. */
const TEST_TYPE = 'alert.test_fired';

/** What clients may ask of the alerts. */
export const alertList = defineList({
  entity: Alert,
  filters: {
    state: ALERT_STATES,
    severity: SEVERITIES,
    scope: ['company', 'installation'],
    type: 'text',
    key: 'text',
    fingerprint: 'text',
    lastSeenAt: 'instant',
    createdAt: 'instant',
  },
  sorts: ['lastSeenAt', 'createdAt'],
  sort: '-lastSeenAt',
});

/** What a person does with alerts. */
@Injectable()
export class AlertService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly intake: AlertIntakeService,
    private readonly notices: NoticeService,
    private readonly registry: AddonRegistry,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Alert>> {
    return this.database.transaction(() => this.records.page(alertList, query));
  }

  async show(id: string): Promise<Alert> {
    return this.database.transaction(() => this.records.get(Alert, id));
  }

  /** Every type that an installed addon declares, by name. */
  types(): readonly AlertDefinition[] {
    return [...this.registry.alerts].sort((a, b) => (a.type < b.type ? -1 : 1));
  }

  /** The declared type of an alert; null when its addon is gone. */
  definitionOf({ type }: Alert): AlertDefinition | null {
    return this.registry.alerts.find((definition) => definition.type === type) ?? null;
  }

  /** The actor is on it: reminders and escalation stop. @throws Problem AlertResolvedAlready */
  async acknowledge(id: string, note: string | null): Promise<Alert> {
    return this.database.transaction(async () => {
      const alert = await this.records.get(Alert, id, 'update');
      const { userId } = currentActor();
      alert.acknowledge(userId, this.clock.now(), note, this.intake.endingOf(alert));
      await this.records.store(alert);
      await this.intake.announce(events.AlertAcknowledged, alert, note);
      await this.notices.hush(alert);
      return alert;
    });
  }

  /** Nobody is told of it for a while. @throws Problem AlertResolvedAlready, SilenceTooLong */
  async silence(id: string, input: Silence): Promise<Alert> {
    const until = new Date(input.until);
    const now = this.clock.now();
    return this.database.transaction(async () => {
      const alert = await this.records.get(Alert, id, 'update');
      if (until <= now || until.getTime() > now.getTime() + MAX_SILENCE_MS) {
        throw new Problem(SilenceTooLong);
      }
      alert.silence(until, input.reason);
      await this.records.store(alert);
      await this.events.publish(events.AlertSilenced, {
        subject: subjectOf(alert),
        payload: { ...factsOf(alert), until: until.toISOString() },
        reason: input.reason,
      });
      await this.notices.hush(alert);
      return alert;
    });
  }

  /** It is over, by the actor's word. @throws Problem AlertResolvedAlready */
  async resolve(id: string, note: string | null): Promise<Alert> {
    return this.database.transaction(async () => {
      const alert = await this.records.get(Alert, id, 'update');
      alert.resolve(currentActor().userId, this.clock.now(), note);
      await this.records.store(alert);
      await this.events.publish(events.AlertResolved, {
        subject: subjectOf(alert),
        payload: { ...factsOf(alert), byItself: false },
        reason: note,
      });
      await this.notices.resolve(alert);
      return alert;
    });
  }

  /** Fires an alert that means nothing, to see who hears of it. */
  async fireTest(severity: Severity): Promise<Alert> {
    const now = this.clock.now();
    const { login } = currentActor();
    return this.intake.record(TEST_TYPE, severity, {
      ...{ count: 1, firstAt: now, lastAt: now, severity },
      label: `test by ${login}`,
    });
  }
}
