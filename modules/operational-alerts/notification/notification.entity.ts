import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';
import type { Severity } from '#kernel';

/** `dropped`: its subscription was put to rest before it was sent. */
export const NOTIFICATION_STATES = ['queued', 'failing', 'sent', 'dropped'] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

/** One alert in a message, as it stood when the message was made. */
export interface NotificationItem {
  readonly alertId: string;
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly type: string;
  readonly key: string;
  readonly severity: Severity;
  readonly label: string;
  readonly summary: { readonly es: string; readonly en: string };
  readonly runbook: string | null;
  readonly occurrences: number;
  readonly regression: boolean;
  /** It was told before, and goes on. */
  readonly again: boolean;
  /** Instants as RFC 3339 writes them. */
  readonly openedAt: string;
  readonly lastSeenAt: string;
  readonly resolvedAt: string | null;
}

/** One message to one subscription. */
@Entity('operational_alerts_notification')
export class Notification extends CompanyRecord {
  @Column({ type: 'uuid' })
  subscriptionId!: string;

  @Column({ type: 'text' })
  state!: NotificationState;

  @Column({ type: 'jsonb' })
  items!: readonly NotificationItem[];

  /** Alerts that the message only counts. */
  @Column({ type: 'integer' })
  more!: number;

  @Column({ type: 'integer' })
  attempts!: number;

  @InstantColumn({ nullable: true })
  sentAt!: Date | null;

  /** What the last attempt failed with; never a secret. */
  @Column({ type: 'text', nullable: true })
  lastError!: string | null;
}
