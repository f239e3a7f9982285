import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';
import type { Severity } from '#kernel';

/** Where a sign of life comes from; `schedule` and `worker` are the house's own. */
export const HEARTBEAT_SOURCES = ['ping', 'event', 'schedule', 'worker'] as const;
export type HeartbeatSource = (typeof HEARTBEAT_SOURCES)[number];

export const HEARTBEAT_STATES = ['new', 'up', 'down', 'paused'] as const;
export type HeartbeatState = (typeof HEARTBEAT_STATES)[number];

/** Something that must happen again and again; its silence is a trouble. */
@Entity('operational_alerts_heartbeat')
export class Heartbeat extends CompanyRecord {
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  source!: HeartbeatSource;

  @Column({ type: 'text' })
  severity!: Severity;

  @Column({ type: 'text' })
  state!: HeartbeatState;

  /** Longest silence that is none, in seconds; null where a time of the day counts. */
  @Column({ type: 'integer', nullable: true })
  everySeconds!: number | null;

  /** `HH:MM` in America/Santiago by which it happens, each of these days. */
  @Column({ type: 'text', nullable: true })
  byTime!: string | null;

  /** Days of the week, 1 Monday to 7 Sunday. */
  @Column({ type: 'integer', array: true, nullable: true })
  byDays!: number[] | null;

  /** Whether it rests on the public holidays of Chile. */
  @Column({ type: 'boolean' })
  skipsHolidays!: boolean;

  /** Further days on which it rests, `YYYY-MM-DD`. */
  @Column({ type: 'text', array: true })
  closedDays!: string[];

  @Column({ type: 'integer' })
  graceSeconds!: number;

  /** The event, or the schedule, whose happening is the sign. */
  @Column({ type: 'text', nullable: true })
  eventName!: string | null;

  /** Fields of the event's payload that must have these values. */
  @Column({ type: 'jsonb' })
  match!: Readonly<Record<string, string | number | boolean>>;

  /** SHA-256 of the token of pings, in hexadecimal; 256 random bits need no salt. */
  @Column({ type: 'text', nullable: true })
  tokenHash!: string | null;

  @InstantColumn({ nullable: true })
  lastSeenAt!: Date | null;

  /** Since when the next sign counts. */
  @InstantColumn({ nullable: true })
  sinceAt!: Date | null;

  /** When it is late, grace included, unless a sign comes; null while paused. */
  @InstantColumn({ nullable: true })
  dueAt!: Date | null;
}
