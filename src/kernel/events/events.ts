import { Injectable } from '@nestjs/common';
import { currentActor, currentContext } from '../access/context.js';
import { Database } from '../database/database.js';
import { Clock } from '../values/clock.js';
import { newId } from '../values/id.js';
import type { Changes, EventDefinition, Subject } from './event.js';

/** What a publisher says beside the kind of the event. */
export interface Publication<P extends object> {
  /** Where the publisher has to know the event's id before it is there. */
  readonly id?: string;
  readonly subject: Subject;
  readonly payload: P;
  readonly changes?: Changes;
  readonly reason?: string | null;
}

// The event and its pending delivery are one statement: one round trip, and no way to have one
// without the other.
const INSERT = `WITH event AS (
  INSERT INTO kernel_event (id, company_id, created_at, action, schema_version, actor_id, actor_login,
    actor_roles, ip, request_id, subject_type, subject_id, subject_label, changes, reason, payload)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
)
INSERT INTO kernel_event_pending (event_id, company_id, action, created_at) VALUES ($1, $2, $4, $3)`;

/** Announces facts. The event is part of the caller's transaction: data and history agree. */
@Injectable()
export class Events {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Stores the event for the audit and for its handlers. @throws Error outside a transaction */
  async publish<P extends object>(
    definition: EventDefinition<P>,
    publication: Publication<P>,
  ): Promise<void> {
    const actor = currentActor();
    const context = currentContext();
    const { subject } = publication;
    await this.database.write(INSERT, [
      publication.id ?? newId(),
      this.database.companyId,
      this.clock.now(),
      definition.name,
      definition.version,
      actor.userId,
      actor.login,
      [...actor.roles],
      context?.ip ?? null,
      context?.requestId ?? '',
      subject.type,
      subject.id,
      subject.label,
      JSON.stringify(publication.changes ?? {}),
      publication.reason ?? null,
      JSON.stringify(publication.payload),
    ]);
  }
}
