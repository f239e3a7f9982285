import { Injectable, Logger } from '@nestjs/common';
import type { Job, PgBoss } from 'pg-boss';
import { runAsHouse } from '../access/context.js';
import type { Hearing } from '../addon/installed.js';
import { AddonRegistry } from '../addon/registry.js';
import { ON_ALERT_SIGNAL } from '../alerts/on-alert-signal.js';
import { Database } from '../database/database.js';
import { Clock } from '../values/clock.js';
import { Watch } from '../watch/watch.js';
import { DeliveryExhausted } from './delivery.events.js';
import type { EventDefinition, StoredEvent } from './event.js';
import { EventRow, toStoredEvent } from './event.entity.js';
import { Events } from './events.js';
import { MarkedMethods } from './marked-methods.js';
import type { MarkedMethod } from './marked-methods.js';
import { ON_EVENT, ON_EVENT_OUTSIDE } from './on-event.js';
import { Pulse } from './pulse.js';
import { DELIVERIES, FAILED_DELIVERIES, OUTSIDE_DELIVERIES, WAITING_DELIVERIES } from './queue.js';

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

interface Handler extends MarkedMethod<EventDefinition> {
  readonly queue: typeof DELIVERIES | typeof OUTSIDE_DELIVERIES;
}

const BATCH = 200;
/** Strangers that one worker calls at once. */
const OUTSIDE_AT_ONCE = 10;
const MAX_ERROR = 300;

/**
 * Brings events to their handlers: the relay moves pending rows into the queue, a batch a
 * transaction; then each job loads its event and calls its handler. Handlers that call out of the
 * house have a queue of their own, and no transaction.
 */
@Injectable()
export class Deliveries {
  private readonly log = new Logger('deliveries');
  private handlers: Handler[] = [];
  /** What is kept for addons whose code is not here. */
  private absent: readonly Hearing[] = [];
  private knowsWaiting = false;
  private readonly calling = new Set<Promise<void>>();

  constructor(
    private readonly database: Database,
    private readonly marked: MarkedMethods,
    private readonly clock: Clock,
    private readonly events: Events,
    private readonly registry: AddonRegistry,
    private readonly pulse: Pulse,
    private readonly watch: Watch,
  ) {}

  /** Looks the handlers up; call once the application is composed. */
  discover(): void {
    const inside = this.marked.find<EventDefinition>(ON_EVENT);
    const outside = this.marked.find<EventDefinition>(ON_EVENT_OUTSIDE);
    const signals = new Set(
      this.registry.alerts
        .flatMap(({ raisedBy = [], clearedBy = [] }) => [...raisedBy, ...clearedBy])
        .map(({ event }) => event),
    );
    const ofSignals = this.marked
      .find<true>(ON_ALERT_SIGNAL)
      .flatMap((method) => [...signals].map((event) => ({ ...method, mark: event })));
    this.handlers = [
      ...[...inside, ...ofSignals].map((each) => ({ ...each, queue: DELIVERIES }) as const),
      ...outside.map((each) => ({ ...each, queue: OUTSIDE_DELIVERIES }) as const),
    ];
    this.absent = this.registry.absent.flatMap(({ absence }) => absence?.hears ?? []);
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
      for (const name of [DELIVERIES, OUTSIDE_DELIVERIES]) {
        const jobs = pending.flatMap((row) =>
          this.handlers
            .filter((handler) => handler.queue === name && handler.mark.name === row.action)
            .map((handler) => ({ data: deliveryOf(row, handler.name) })),
        );
        if (jobs.length > 0) await queue.insert(name, jobs, this.joined);
      }
      const kept = pending.flatMap((row) =>
        this.absent
          .filter(({ event }) => event === row.action)
          .map(({ handler }) => ({ data: deliveryOf(row, handler) })),
      );
      if (kept.length > 0) await queue.insert(WAITING_DELIVERIES, kept, this.joined);
      return pending.length;
    });
  }

  /**
   * Takes up one batch of what older code kept for handlers that are here again.
   *
   * @returns how many there were; none while any addon is absent, since what is kept may be for that one
   */
  async takeUp(queue: PgBoss): Promise<number> {
    // Code may be newer than the last `ofitec migrate`, which makes the queue.
    this.knowsWaiting ||= (await queue.getQueue(WAITING_DELIVERIES)) !== null;
    if (!this.knowsWaiting || this.registry.absent.length > 0) return 0;
    const jobs = await queue.fetch<Delivery>(WAITING_DELIVERIES, { batchSize: BATCH });
    if (jobs.length === 0) return 0;
    await this.database.transaction(async () => {
      for (const name of [DELIVERIES, OUTSIDE_DELIVERIES]) {
        const own = jobs.filter(({ data }) => this.queueOf(data) === name);
        if (own.length > 0) {
          await queue.insert(
            name,
            own.map(({ data }) => ({ data })),
            this.joined,
          );
        }
      }
      const ids = jobs.map(({ id }) => id);
      await queue.complete(WAITING_DELIVERIES, ids, null, this.joined);
    });
    return jobs.length;
  }

  /** What nobody handles any more fails there, and is told of. */
  private queueOf({ handler }: Delivery): Handler['queue'] {
    return this.handlers.find(({ name }) => name === handler)?.queue ?? DELIVERIES;
  }

  /** Works on one batch of queued jobs. @returns how many there were */
  async deliver(queue: PgBoss): Promise<number> {
    const jobs = await queue.fetch<Delivery>(DELIVERIES, { batchSize: BATCH });
    for (const job of jobs) {
      this.pulse.beat();
      await this.work(queue, DELIVERIES, job, () => this.deliverOne(job.data));
    }
    return jobs.length;
  }

  /** Begins some jobs that call out, as many as may run at once. @returns how many it began */
  async deliverOutside(queue: PgBoss): Promise<number> {
    const free = OUTSIDE_AT_ONCE - this.calling.size;
    if (free === 0) return 0;
    const jobs = await queue.fetch<Delivery>(OUTSIDE_DELIVERIES, { batchSize: free });
    for (const job of jobs) {
      const call = this.work(queue, OUTSIDE_DELIVERIES, job, () => this.deliverOneOutside(job.data))
        // Not even its failure could be stored: the queue hands it out again when it expires.
        .catch((error: unknown) => this.log.error({ message: 'call lost', error: String(error) }))
        .finally(() => this.calling.delete(call));
      this.calling.add(call);
    }
    return jobs.length;
  }

  /** Waits for the calls that have begun. */
  async settle(): Promise<void> {
    await Promise.all(this.calling);
  }

  /** Makes an event of each delivery that failed to the last attempt. @returns how many there were */
  async announceExhausted(queue: PgBoss): Promise<number> {
    const jobs = await queue.fetch<Delivery>(FAILED_DELIVERIES, {
      batchSize: BATCH,
      includeMetadata: true,
    });
    for (const { id, data, sourceOutput } of jobs) {
      const { eventId, handler, companyId } = data;
      const { error = '' } = (sourceOutput ?? {}) as { error?: string };
      await runAsHouse(companyId, 'kernel.deliveries', () =>
        this.database.transaction(async () => {
          const [row] = await this.database.rows<{ action: string }>(
            'SELECT action FROM kernel_event WHERE id = $1',
            [eventId],
          );
          const action = row?.action ?? '';
          // Who cannot even be told of an exhausted delivery is not told of that.
          if (action !== DeliveryExhausted.name) {
            await this.events.publish(DeliveryExhausted, {
              subject: { type: 'kernel.event', id: eventId, label: `${action} to ${handler}` },
              payload: { eventId, action, handler, error: error.slice(0, MAX_ERROR) },
            });
          }
          await queue.complete(FAILED_DELIVERIES, id, null, this.joined);
        }),
      );
    }
    return jobs.length;
  }

  /** Lets the queue write in the ambient transaction. */
  private readonly joined = {
    db: {
      executeSql: async (sql: string, values?: unknown[]): Promise<{ rows: unknown[] }> => ({
        rows: await this.database.rows(sql, values),
      }),
    },
  };

  private async work(
    queue: PgBoss,
    name: string,
    job: Job<Delivery>,
    deliver: () => Promise<void>,
  ): Promise<void> {
    const { handler } = job.data;
    if (this.absent.some((each) => each.handler === handler)) return this.keep(queue, name, job);
    try {
      await deliver();
      await queue.complete(name, job.id);
    } catch (error) {
      this.log.error({ message: 'delivery failed', ...job.data, error: String(error) });
      await queue.fail(name, job.id, { error: String(error) });
    }
  }

  /** A newer worker had queued it before it was taken back. */
  private async keep(queue: PgBoss, name: string, { id, data }: Job<Delivery>): Promise<void> {
    await this.database.transaction(async () => {
      await queue.insert(WAITING_DELIVERIES, [{ data }], this.joined);
      await queue.complete(name, id, null, this.joined);
    });
  }

  private async deliverOneOutside(delivery: Delivery): Promise<void> {
    const handler = this.handlerOf(delivery);
    await this.watched(handler, () =>
      runAsHouse(delivery.companyId, handler.name, async () => {
        const event = await this.database.transaction(() => this.load(delivery));
        await handler.call(event);
      }),
    );
  }

  private async deliverOne(delivery: Delivery): Promise<void> {
    const handler = this.handlerOf(delivery);
    await this.watched(handler, () => this.call(handler, delivery));
  }

  private async call(handler: Handler, delivery: Delivery): Promise<void> {
    await runAsHouse(delivery.companyId, handler.name, () =>
      this.database.transaction(async () => {
        const fresh = await this.database.rows(
          `INSERT INTO kernel_delivery (event_id, handler, company_id, delivered_at)
           VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1`,
          [delivery.eventId, handler.name, delivery.companyId, this.clock.now()],
        );
        if (fresh.length === 0) return;
        await handler.call(await this.load(delivery));
      }),
    );
  }

  private async watched(handler: Handler, work: () => Promise<void>): Promise<void> {
    const attributes = { 'ofitec.event': handler.mark.name };
    await this.watch.work('delivery', handler.name, attributes, work);
  }

  private handlerOf(delivery: Delivery): Handler {
    const handler = this.handlers.find((known) => known.name === delivery.handler);
    if (!handler) throw new Error(`No installed addon handles ${delivery.handler}.`);
    return handler;
  }

  private async load({ eventId, createdAt }: Delivery): Promise<StoredEvent> {
    const row = await this.database.manager.findOneByOrFail(EventRow, {
      id: eventId,
      createdAt: new Date(createdAt),
    });
    return toStoredEvent(row);
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
