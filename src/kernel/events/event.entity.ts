import { Column, Entity } from 'typeorm';
import { CompanyRow } from '../database/entity.js';
import type { Changes, StoredEvent } from './event.js';

/** One row of the event log: audit record and outbox message at once. Append-only. */
@Entity('kernel_event')
export class EventRow extends CompanyRow {
  /** Name of the event, `payment.created`. */
  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'integer' })
  schemaVersion!: number;

  @Column({ type: 'uuid', nullable: true })
  actorId!: string | null;

  @Column({ type: 'text' })
  actorLogin!: string;

  @Column({ type: 'text', array: true })
  actorRoles!: string[];

  @Column({ type: 'text', nullable: true })
  ip!: string | null;

  @Column({ type: 'text' })
  requestId!: string;

  @Column({ type: 'text' })
  subjectType!: string;

  @Column({ type: 'uuid' })
  subjectId!: string;

  @Column({ type: 'text' })
  subjectLabel!: string;

  @Column({ type: 'jsonb' })
  changes!: Changes;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  @Column({ type: 'jsonb' })
  payload!: Record<string, unknown>;

  /**
   * Chance that is sealed with the event and leaves with what is taken out of it, so that nobody finds by
   * trying what the seal was over. Null in events that are older than it.
   */
  @Column({ type: 'uuid', nullable: true, insert: false })
  salt!: string | null;

  /**
   * Filled by PostgreSQL (`xid8`, a type TypeORM does not know); a reader goes on from where
   * every earlier transaction has ended.
   */
  @Column({ type: 'bigint', insert: false })
  transactionId!: string;
}

/** The event that a row holds, as a handler receives it. */
export function toStoredEvent(row: EventRow): StoredEvent {
  return {
    id: row.id,
    companyId: row.companyId,
    name: row.action,
    version: row.schemaVersion,
    occurredAt: row.createdAt,
    actorId: row.actorId,
    subject: { type: row.subjectType, id: row.subjectId, label: row.subjectLabel },
    changes: row.changes,
    reason: row.reason,
    payload: row.payload,
  };
}
