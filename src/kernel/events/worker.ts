import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { PgBoss } from 'pg-boss';
import { Faults } from '../alerts/faults.js';
import { isUnavailable } from '../database/sql-state.js';
import { Deliveries } from './deliveries.js';
import { Pulse } from './pulse.js';
import { MarkedMethods } from './marked-methods.js';
import { openQueue } from './queue.js';
import { ROUND } from './round.js';
import type { RoundDefinition } from './round.js';
import { Schedules } from './schedules.js';

const IDLE_MS = 250;
const IDLE_OUTSIDE_MS = 500;
const EXHAUSTED_MS = 5_000;
const WAITING_MS = 5_000;
const AFTER_ERROR_MS = 2_000;

/** The part of the house that works without being asked: relay, deliveries, rounds, schedules. */
@Injectable()
export class Worker {
  private readonly log = new Logger('worker');
  private readonly stopping = new AbortController();
  private queue: PgBoss | null = null;
  private loops: Promise<void>[] = [];

  constructor(
    private readonly deliveries: Deliveries,
    private readonly schedules: Schedules,
    private readonly marked: MarkedMethods,
    private readonly faults: Faults,
    private readonly pulse: Pulse,
  ) {}

  /** Starts working until {@link stop}. */
  async start(applicationUrl: string): Promise<void> {
    this.deliveries.discover();
    const queue = await openQueue(applicationUrl, (error) =>
      this.log.error({ message: 'queue error', error: String(error) }),
    );
    this.queue = queue;
    this.schedules.start();
    const { deliveries } = this;
    this.loops = [
      this.repeat('deliveries', IDLE_MS, async () => {
        this.pulse.beat();
        const moved = await deliveries.relay(queue);
        return moved + (await deliveries.deliver(queue));
      }),
      this.repeat('outside', IDLE_OUTSIDE_MS, () => deliveries.deliverOutside(queue)),
      this.repeat('exhausted', EXHAUSTED_MS, () => deliveries.announceExhausted(queue)),
      this.repeat('waiting', WAITING_MS, () => deliveries.takeUp(queue)),
      ...this.marked.find<RoundDefinition>(ROUND).map(({ name, mark, call }) =>
        this.repeat(name, mark.restMs, async () => {
          await call();
          return 0;
        }),
      ),
    ];
  }

  /** Ends after the deliveries and rounds in hand. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.schedules.stop(), ...this.loops]);
    await this.deliveries.settle();
    this.pulse.rest();
    await this.queue?.stop({ graceful: false });
  }

  /** Repeats work until {@link stop}; it says how much it found, and with nothing to do it rests. */
  private async repeat(name: string, restMs: number, work: () => Promise<number>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const rest = await this.step(name, restMs, work);
      if (rest > 0) await sleep(rest, null, { signal }).catch(() => null);
    }
  }

  /** @returns how long to rest, in milliseconds */
  private async step(name: string, restMs: number, work: () => Promise<number>): Promise<number> {
    try {
      return (await work()) > 0 ? 0 : restMs;
    } catch (error) {
      if (isUnavailable(error)) this.faults.databaseLost(error);
      this.log.error({ message: 'the worker rests after an error', name, error: String(error) });
      return Math.max(restMs, AFTER_ERROR_MS);
    }
  }
}
