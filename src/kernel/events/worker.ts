import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { PgBoss } from 'pg-boss';
import { Deliveries } from './deliveries.js';
import { Pulse } from './pulse.js';
import { openQueue } from './queue.js';
import { Schedules } from './schedules.js';

const IDLE_MS = 250;
const AFTER_ERROR_MS = 2_000;

/** The part of the house that works without being asked: relay, deliveries, schedules. */
@Injectable()
export class Worker {
  private readonly log = new Logger('worker');
  private readonly stopping = new AbortController();
  private queue: PgBoss | null = null;
  private loop: Promise<void> | null = null;

  constructor(
    private readonly deliveries: Deliveries,
    private readonly schedules: Schedules,
    private readonly pulse: Pulse,
  ) {}

  /** Starts working until {@link stop}. */
  async start(applicationUrl: string): Promise<void> {
    this.deliveries.discover();
    this.queue = await openQueue(applicationUrl, (error) =>
      this.log.error({ message: 'queue error', error: String(error) }),
    );
    this.schedules.start();
    this.loop = this.work(this.queue);
  }

  /** Ends after the batch of deliveries and the schedules in hand. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.schedules.stop(), this.loop]);
    this.pulse.rest();
    await this.queue?.stop({ graceful: false });
  }

  private async work(queue: PgBoss): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.pulse.beat();
      const idle = await this.step(queue);
      if (idle > 0) await sleep(idle, null, { signal: this.stopping.signal }).catch(() => null);
    }
  }

  /** @returns how long to rest, in milliseconds */
  private async step(queue: PgBoss): Promise<number> {
    try {
      const moved = await this.deliveries.relay(queue);
      const delivered = await this.deliveries.deliver(queue);
      return moved + delivered > 0 ? 0 : IDLE_MS;
    } catch (error) {
      this.log.error({ message: 'the worker rests after an error', error: String(error) });
      return AFTER_ERROR_MS;
    }
  }
}
