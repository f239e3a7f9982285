import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';
import type { Language, Severity } from '#kernel';

export const CHANNELS = ['webhook', 'email', 'alertmanager'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Who is told of which alerts, by which way and when. */
@Entity('operational_alerts_subscription')
export class Subscription extends CompanyRecord {
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'boolean' })
  active!: boolean;

  @Column({ type: 'text' })
  channel!: Channel;

  /** A URL, or addresses of e-mail between commas. */
  @Column({ type: 'text' })
  address!: string;

  /** What signs a webhook, or opens an Alertmanager; sealed with `SECRET_KEY`. */
  @Column({ type: 'text', nullable: true })
  sealedSecret!: string | null;

  @Column({ type: 'text' })
  language!: Language;

  @Column({ type: 'text' })
  leastSeverity!: Severity;

  /** Types it is about; every type when empty. */
  @Column({ type: 'text', array: true })
  types!: string[];

  /** How long the first alert of a message waits for others, and the least time between messages. */
  @Column({ type: 'integer' })
  groupWaitSeconds!: number;

  /** After how long an alert that goes on unacknowledged is told again. */
  @Column({ type: 'integer' })
  repeatMinutes!: number;

  /** `HH:MM` in America/Santiago. */
  @Column({ type: 'text', nullable: true })
  quietFrom!: string | null;

  @Column({ type: 'text', nullable: true })
  quietUntil!: string | null;

  /** Alerts under this severity wait for the end of the quiet hours; all of them when null. */
  @Column({ type: 'text', nullable: true })
  quietBelow!: Severity | null;

  /** Told only of what nobody has acknowledged for so long: the next in line. 0 for the first. */
  @Column({ type: 'integer' })
  afterUnacknowledgedMinutes!: number;

  @InstantColumn({ nullable: true })
  lastSentAt!: Date | null;
}
