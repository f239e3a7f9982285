import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import type { Changes, Subject } from '#kernel';

/** Up to where somebody has read the log of a company, in the order of transactions. */
export interface LogPlace {
  readonly transactionId: string;
  readonly eventId: string;
}

/** An event as a reader of the log goes through it. */
export interface LoggedEvent {
  readonly id: string;
  readonly transactionId: string;
  readonly name: string;
  readonly version: number;
  readonly occurredAt: Date;
  readonly subject: Subject;
  readonly changes: Changes;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Events of a stretch of the log, and from where to go on behind them. */
export interface Stretch {
  readonly events: readonly LoggedEvent[];
  readonly place: LogPlace;
}

/** Before the first event of a log. */
export const LOG_START: LogPlace = {
  transactionId: '0',
  eventId: '00000000-0000-0000-0000-000000000000',
};

const BEHIND_ALL = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const EVENTS = `SELECT id, transaction_id::text AS "transactionId", action AS name,
    schema_version AS version, created_at AS "occurredAt", changes, payload,
    json_build_object('type', subject_type, 'id', subject_id, 'label', subject_label) AS subject
  FROM audit_events_after($1, $2, $3, $4)`;

/** The last transaction before which none is on its way any more, and the first that has not begun. */
const BOUNDS = `SELECT ((pg_snapshot_xmin(pg_current_snapshot()))::text::bigint - 1)::text AS settled,
  (pg_snapshot_xmax(pg_current_snapshot()))::text AS begun`;

/** Transactions that are looked through at first; more each time, until they hold enough events. */
const FIRST_STRETCH = 4_000n;

/**
 * The log of the context's company for readers who come again, and must not miss an event whose
 * transaction commits after others that began later. In the order of transactions.
 */
@Injectable()
export class SettledEventsService {
  constructor(private readonly database: Database) {}

  /**
   * The next events that no earlier transaction can come before any more.
   *
   * @param limit of events; fewer mean that there are no more now, and the place is behind all that is settled
   * @param until the last transaction that is read; of several readers one may give theirs to the others
   * @throws Error outside of a transaction
   */
  async after(from: LogPlace, limit: number, until?: bigint): Promise<Stretch> {
    return this.stretch(from, until ?? (await this.settledUntil()), limit);
  }

  /** The last transaction before which none is on its way any more. */
  async settledUntil(): Promise<bigint> {
    return (await this.bounds()).settled;
  }

  /** When the oldest committed event behind a place happened, settled or not; null when there is none. */
  async oldestAfter(from: LogPlace): Promise<Date | null> {
    const { begun } = await this.bounds();
    const { events } = await this.stretch(from, begun, 1);
    return events[0]?.occurredAt ?? null;
  }

  /** Whether the place is in transactions that this server has not reached: a dump was restored. */
  async isAhead({ transactionId }: LogPlace): Promise<boolean> {
    return BigInt(transactionId) >= (await this.bounds()).begun;
  }

  private async stretch(from: LogPlace, last: bigint, limit: number): Promise<Stretch> {
    for (let length = FIRST_STRETCH; ; length *= 8n) {
      const end = BigInt(from.transactionId) + length;
      const until = end < last ? end : last;
      const events = await this.database.rows<LoggedEvent>(EVENTS, [
        ...[from.transactionId, from.eventId, until.toString(), limit],
      ]);
      const final = events.at(-1);
      if (final && events.length === limit) {
        return { events, place: { transactionId: final.transactionId, eventId: final.id } };
      }
      if (until < last) continue;
      const isFurther = last > BigInt(from.transactionId);
      const behind = { transactionId: last.toString(), eventId: BEHIND_ALL };
      return { events, place: isFurther ? behind : from };
    }
  }

  private async bounds(): Promise<{ settled: bigint; begun: bigint }> {
    const [row] = await this.database.rows<{ settled: string; begun: string }>(BOUNDS);
    return { settled: BigInt(row?.settled ?? 0), begun: BigInt(row?.begun ?? 0) };
  }
}
