import { Injectable, Logger } from '@nestjs/common';
import type { PgBoss } from 'pg-boss';
import { runAsHouse } from '../access/context.js';
import { Database } from '../database/database.js';
import { Clock } from '../values/clock.js';
import { Watch } from '../watch/watch.js';
import type { EventDefinition, StoredEvent } from './event.js';
import { EventRow } from './event.entity.js';
import { MarkedMethods } from './marked-methods.js';
import type { MarkedMethod } from './marked-methods.js';
import { ON_EVENT } from './on-event.js';
import { Pulse } from './pulse.js';
import { DELIVERIES } from './queue.js';

interface PendingRow {
  readonly event_id: string;
  readonly company_id: string;
  readonly action: string;
  readonly created_at: Date;
}

interface Delivery {
  readonly eventId: string;
  readonly companyId: string;
  readonly createdAt: string;
  readonly handler: string;
}

const BATCH = 200;

/**
 * Brings events to their handlers: the relay moves pending rows into the queue, a batch a
 * transaction; then each job loads its event and calls its handler.
 */
@Injectable()
export class Deliveries {
  private readonly log = new Logger('deliveries');
  private handlers: MarkedMethod<EventDefinition>[] = [];

  constructor(
    private readonly database: Database,
    private readonly marked: MarkedMethods,
    private readonly clock: Clock,
    private readonly pulse: Pulse,
    private readonly watch: Watch,
  ) {}

  /** Looks the handlers up; call once the application is composed. */
  discover(): void {
    this.handlers = this.marked.find<EventDefinition>(ON_EVENT);
    for (const { name } of this.handlers) this.watch.expectWork('delivery', name);
  }

  /**
   * Moves one batch of pending rows into the queue. Taking and enqueueing are one transaction:
   * a crash in between loses and doubles nothing.
   *
   * @returns how many rows were taken; fewer than a batch means the outbox is empty
   */
  async relay(queue: PgBoss): Promise<number> {
    return this.database.transaction(async () => {
      const pending = await this.database.rows<PendingRow>(
        'SELECT * FROM kernel_take_pending($1)',
        [BATCH],
      );
      const jobs = pending.flatMap((row) =>
        this.handlers
          .filter((handler) => handler.mark.name === row.action)
          .map((handler) => ({ data: deliveryOf(row, handler.name) })),
      );
      if (jobs.length > 0) {
        const executeSql = async (
          sql: string,
          values?: unknown[],
        ): Promise<{ rows: unknown[] }> => ({
          rows: await this.database.rows(sql, values),
        });
        await queue.insert(DELIVERIES, jobs, { db: { executeSql } });
      }
      return pending.length;
    });
  }

  /** Works on one batch of queued jobs. @returns how many there were */
  async deliver(queue: PgBoss): Promise<number> {
    const jobs = await queue.fetch<Delivery>(DELIVERIES, { batchSize: BATCH });
    for (const job of jobs) {
      this.pulse.beat();
      try {
        await this.deliverOne(job.data);
        await queue.complete(DELIVERIES, job.id);
      } catch (error) {
        this.log.error({ message: 'delivery failed', ...job.data, error: String(error) });
        await queue.fail(DELIVERIES, job.id, { error: String(error) });
      }
    }
    return jobs.length;
  }

  private async deliverOne(delivery: Delivery): Promise<void> {
    const handler = this.handlers.find((known) => known.name === delivery.handler);
    if (!handler) throw new Error(`No installed addon handles ${delivery.handler}.`);
    const attributes = { 'ofitec.event': handler.mark.name };
    await this.watch.work('delivery', handler.name, attributes, () => this.call(handler, delivery));
  }

  private async call(handler: MarkedMethod<EventDefinition>, delivery: Delivery): Promise<void> {
    await runAsHouse(delivery.companyId, handler.name, () =>
      this.database.transaction(async (manager) => {
        const fresh = await this.database.rows(
          `INSERT INTO kernel_delivery (event_id, handler, company_id, delivered_at)
           VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1`,
          [delivery.eventId, handler.name, delivery.companyId, this.clock.now()],
        );
        if (fresh.length === 0) return;
        const row = await manager.findOneByOrFail(EventRow, {
          id: delivery.eventId,
          createdAt: new Date(delivery.createdAt),
        });
        await handler.call(toStoredEvent(row));
      }),
    );
  }
}

function deliveryOf(row: PendingRow, handler: string): Delivery {
  return {
    eventId: row.event_id,
    companyId: row.company_id,
    createdAt: row.created_at.toISOString(),
    handler,
  };
}

function toStoredEvent(row: EventRow): StoredEvent {
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
