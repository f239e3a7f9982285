import {
  BooleanField,
  ChoiceField,
  IdField,
  InstantField,
  IntegerField,
  JsonField,
  ListField,
  pick,
  SEVERITIES,
  TextField,
} from '#kernel';
import type { AlertDefinition, Severity } from '#kernel';
import { ALERT_STATES } from './alert.entity.js';
import type { Alert, AlertState } from './alert.entity.js';

const MAX_INTEGER = 2_147_483_647;

export class CauseView {
  @IdField({ description: 'in the event log' })
  eventId!: string;

  @TextField({ max: 100 })
  name!: string;

  @InstantField()
  at!: string;
}

export class AlertView {
  @IdField()
  id!: string;

  @TextField({ max: 100 })
  type!: string;

  @TextField({ max: 200, min: 0, description: 'which one of the type; empty where there is one' })
  key!: string;

  @TextField({ max: 64, description: 'SHA-256 of type and key' })
  fingerprint!: string;

  @ChoiceField(['company', 'installation'])
  scope!: string;

  @ChoiceField(SEVERITIES)
  severity!: Severity;

  @ChoiceField(ALERT_STATES)
  state!: AlertState;

  @TextField({ max: 200, description: 'what it is about' })
  label!: string;

  @TextField({ max: 200, nullable: true, description: 'what the type means, in Spanish' })
  es!: string | null;

  @TextField({ max: 200, nullable: true, description: 'what the type means, in English' })
  en!: string | null;

  @TextField({ max: 200, nullable: true, description: 'the page that says what to do' })
  runbook!: string | null;

  @JsonField({ description: 'one example, as whoever raised it gave it' })
  details!: unknown;

  @ListField(() => CauseView, { maxItems: 20 })
  causes!: CauseView[];

  @IntegerField({ min: 1, max: MAX_INTEGER })
  occurrences!: number;

  @BooleanField({ description: 'it came back after it was resolved' })
  regression!: boolean;

  @IntegerField({ min: 0, max: MAX_INTEGER, description: 'how often it came back' })
  regressions!: number;

  @InstantField()
  firstSeenAt!: string;

  @InstantField()
  lastSeenAt!: string;

  @InstantField({ description: 'since when it has been going on, this time' })
  openedAt!: string;

  @InstantField({ nullable: true })
  acknowledgedAt!: string | null;

  @IdField({ nullable: true })
  acknowledgedBy!: string | null;

  @InstantField({ nullable: true })
  silencedUntil!: string | null;

  @InstantField({ nullable: true })
  resolvedAt!: string | null;

  @IdField({ nullable: true, description: 'null when it resolved by itself' })
  resolvedBy!: string | null;

  @TextField({ max: 500, nullable: true, description: 'what was said with the last act' })
  reason!: string | null;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: MAX_INTEGER })
  version!: number;

  static of(this: void, alert: Alert, definition: AlertDefinition | null): AlertView {
    return {
      ...pick(
        alert,
        ...(['id', 'type', 'key', 'fingerprint', 'scope', 'severity', 'state', 'label'] as const),
        ...(['details', 'occurrences', 'regressions', 'acknowledgedBy', 'resolvedBy'] as const),
        ...(['reason', 'version'] as const),
      ),
      causes: [...alert.causes],
      regression: alert.regressions > 0 && alert.state !== 'resolved',
      es: definition?.summary.es ?? null,
      en: definition?.summary.en ?? null,
      runbook: definition?.runbook ?? null,
      firstSeenAt: alert.firstSeenAt.toISOString(),
      lastSeenAt: alert.lastSeenAt.toISOString(),
      openedAt: alert.openedAt.toISOString(),
      acknowledgedAt: textOf(alert.acknowledgedAt),
      silencedUntil: textOf(alert.silencedUntil),
      resolvedAt: textOf(alert.resolvedAt),
      createdAt: alert.createdAt.toISOString(),
    };
  }
}

export class AlertTypeView {
  @TextField({ max: 100 })
  type!: string;

  @ChoiceField(SEVERITIES)
  severity!: Severity;

  @ChoiceField(['company', 'installation'])
  scope!: string;

  @TextField({ max: 200, description: 'in Spanish' })
  es!: string;

  @TextField({ max: 200, description: 'in English' })
  en!: string;

  @TextField({ max: 200 })
  runbook!: string;
}

export class AlertTypesView {
  @ListField(() => AlertTypeView, { maxItems: 1000 })
  items!: AlertTypeView[];

  static of(this: void, definitions: readonly AlertDefinition[]): AlertTypesView {
    return {
      items: definitions.map(({ type, severity, scope, summary, runbook }) => ({
        ...{ type, severity, scope, es: summary.es, en: summary.en, runbook },
      })),
    };
  }
}

function textOf(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
}
