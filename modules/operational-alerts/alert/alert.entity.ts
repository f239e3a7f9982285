import { createHash } from 'node:crypto';
import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn, Problem } from '#kernel';
import type { AlertDefinition, Severity } from '#kernel';
import { AlertResolvedAlready } from './alert.problems.js';

export const ALERT_STATES = ['open', 'acknowledged', 'silenced', 'resolved'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** Causes that an alert keeps: its first one, and the latest. */
const MAX_CAUSES = 20;
const MAX_COUNT = 2_147_483_647;
const MINUTE_MS = 60_000;

/** The event that an alert came from, in the event log. */
export interface Cause {
  readonly eventId: string;
  readonly name: string;
  readonly at: string;
}

/** Something happened that an alert counts. */
export interface Occurrence {
  /** How often, between the two instants. */
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** What it is about, in the words of a person; never personal data. */
  readonly label: string;
  /** One example, for whoever looks into it. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: Cause;
  /** When it is not the type's own. */
  readonly severity?: Severity;
}

/** What an occurrence or a sign changed: whether somebody may have to be told. */
export type Change = 'opened' | 'reopened' | 'counted' | 'resolved' | 'none';

/** What a type of alert says of how one ends; see `AlertDefinition`. */
type Ending = Pick<AlertDefinition, 'quietMinutes' | 'goodSigns'>;

/**
 * A trouble that somebody should know of, however often it occurs: what has one type and one key is
 * one alert. An alert of the installation is kept by the company that operates it.
 */
@Entity('operational_alerts_alert')
export class Alert extends CompanyRecord {
  @Column({ type: 'text' })
  type!: string;

  /** Which one of the type: a cash session's id, a host and a path, or '' where there is one only. */
  @Column({ type: 'text' })
  key!: string;

  /** SHA-256 of type and key in hexadecimal; the same in every installation. */
  @Column({ type: 'text' })
  fingerprint!: string;

  @Column({ type: 'text' })
  scope!: AlertDefinition['scope'];

  @Column({ type: 'text' })
  severity!: Severity;

  @Column({ type: 'text' })
  state!: AlertState;

  @Column({ type: 'text' })
  label!: string;

  @Column({ type: 'jsonb' })
  details!: Readonly<Record<string, unknown>>;

  @Column({ type: 'jsonb' })
  causes!: readonly Cause[];

  @Column({ type: 'integer' })
  occurrences!: number;

  /** How often it came back after it was resolved. */
  @Column({ type: 'integer' })
  regressions!: number;

  /** Good signs since the last occurrence. */
  @Column({ type: 'integer' })
  goodSigns!: number;

  @InstantColumn()
  firstSeenAt!: Date;

  @InstantColumn()
  lastSeenAt!: Date;

  /** Since when it has been going on, this time. */
  @InstantColumn()
  openedAt!: Date;

  @InstantColumn({ nullable: true })
  acknowledgedAt!: Date | null;

  @Column({ type: 'uuid', nullable: true })
  acknowledgedBy!: string | null;

  @InstantColumn({ nullable: true })
  silencedUntil!: Date | null;

  @InstantColumn({ nullable: true })
  resolvedAt!: Date | null;

  /** Null when it resolved by itself. */
  @Column({ type: 'uuid', nullable: true })
  resolvedBy!: string | null;

  /** What was said with the last act: why it is silenced, what was done about it. */
  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  /** When something happens to it by itself: its silence ends, or quiet has lasted long enough. */
  @InstantColumn({ nullable: true })
  wakesAt!: Date | null;

  /** Counts an occurrence. One from before it was resolved (a late replay) does not open it again. */
  occur(occurrence: Occurrence, ending: Ending): Change {
    const { count, firstAt, lastAt, label, details, cause, severity } = occurrence;
    this.occurrences = Math.min(this.occurrences + count, MAX_COUNT);
    if (firstAt < this.firstSeenAt) this.firstSeenAt = firstAt;
    if (cause) this.causes = boundedCauses([...this.causes, cause]);
    if (lastAt < this.lastSeenAt) return 'counted';
    this.lastSeenAt = lastAt;
    this.label = label;
    if (details) this.details = details;
    if (severity) this.severity = severity;
    const isOver = this.resolvedAt !== null && lastAt <= this.resolvedAt;
    if (isOver) return 'counted';
    this.goodSigns = 0;
    const returns = this.state === 'resolved';
    if (returns) {
      this.regressions += 1;
      this.openedAt = firstAt;
      this.enter('open', null);
    }
    this.plan(ending);
    return returns ? 'reopened' : 'counted';
  }

  /** Takes a sign that all is well; enough of them in a row resolve the alert. */
  takeGoodSign(at: Date, ending: Ending): Change {
    if (this.state === 'resolved' || at < this.lastSeenAt) return 'none';
    this.goodSigns += 1;
    if (this.goodSigns < (ending.goodSigns ?? 1)) return 'none';
    this.end(at, null, null);
    return 'resolved';
  }

  /** Somebody is on it. @throws Problem AlertResolvedAlready */
  acknowledge(by: string | null, now: Date, note: string | null, ending: Ending): void {
    this.demandUnresolved();
    this.enter('acknowledged', note);
    this.acknowledgedAt = now;
    this.acknowledgedBy = by;
    this.plan(ending);
  }

  /** Nobody is told of it until then. @throws Problem AlertResolvedAlready */
  silence(until: Date, reason: string): void {
    this.demandUnresolved();
    this.enter('silenced', reason);
    this.silencedUntil = until;
    this.wakesAt = until;
  }

  /** @throws Problem AlertResolvedAlready */
  resolve(by: string | null, now: Date, note: string | null): void {
    this.demandUnresolved();
    this.end(now, by, note);
  }

  /** Does what is due by itself at this instant. */
  wake(now: Date, ending: Ending): Change {
    if (this.wakesAt === null || this.wakesAt > now) return 'none';
    const quietAt = this.quietAt(ending);
    if (quietAt !== null && quietAt <= now) {
      this.end(now, null, null);
      return 'resolved';
    }
    const wasSilenced = this.state === 'silenced';
    if (wasSilenced) this.enter('open', null);
    this.plan(ending);
    return wasSilenced ? 'opened' : 'none';
  }

  private end(now: Date, by: string | null, note: string | null): void {
    this.enter('resolved', note);
    this.resolvedAt = now;
    this.resolvedBy = by;
    this.wakesAt = null;
  }

  private enter(state: AlertState, reason: string | null): void {
    this.state = state;
    this.reason = reason;
    this.silencedUntil = null;
    this.resolvedAt = null;
    this.resolvedBy = null;
    if (state !== 'resolved') {
      this.acknowledgedAt = null;
      this.acknowledgedBy = null;
    }
  }

  private plan(ending: Ending): void {
    this.wakesAt = this.state === 'silenced' ? this.silencedUntil : this.quietAt(ending);
  }

  private quietAt({ quietMinutes, goodSigns = 1 }: Ending): Date | null {
    if (quietMinutes === undefined) return null;
    return new Date(this.lastSeenAt.getTime() + quietMinutes * goodSigns * MINUTE_MS);
  }

  private demandUnresolved(): void {
    if (this.state === 'resolved') throw new Problem(AlertResolvedAlready);
  }
}

/** What tells alerts apart. */
export function fingerprintOf(type: string, key: string): string {
  return createHash('sha256').update(`${type}\n${key}`).digest('hex');
}

function boundedCauses(causes: readonly Cause[]): readonly Cause[] {
  const [first] = causes;
  if (!first || causes.length <= MAX_CAUSES) return causes;
  return [first, ...causes.slice(1 - MAX_CAUSES)];
}
