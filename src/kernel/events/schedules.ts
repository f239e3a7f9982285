import { hostname } from 'node:os';
import { Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob, CronTime } from 'cron';
import { runAsHouse } from '../access/context.js';
import { Database } from '../database/database.js';
import { BUSINESS_TIME_ZONE } from '../values/business-day.js';
import { Clock } from '../values/clock.js';
import { Watch } from '../watch/watch.js';
import { MarkedMethods } from './marked-methods.js';
import type { MarkedMethod } from './marked-methods.js';
import { ON_SCHEDULE } from './schedule.js';
import type { ScheduleDefinition } from './schedule.js';

const CATCH_UP_MS = 25 * 3_600_000;

/**
 * Runs declared schedules once per cluster and due time. The due time, not the moment of
 * waking, is claimed by a row: a second node with a slow clock finds it taken.
 */
@Injectable()
export class Schedules {
  private readonly log = new Logger('schedules');
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly database: Database,
    private readonly marked: MarkedMethods,
    private readonly registry: SchedulerRegistry,
    private readonly clock: Clock,
    private readonly watch: Watch,
  ) {}

  /** Arms every schedule of this process, and catches up with the last due time of each. */
  start(): void {
    for (const method of this.marked.find<ScheduleDefinition>(ON_SCHEDULE)) {
      const { name, cron } = method.mark;
      this.watch.expectWork('schedule', name);
      const times = new CronTime(cron, BUSINESS_TIME_ZONE);
      let dueAt = nextAfter(times, this.clock.now());
      const job = CronJob.from({
        cronTime: cron,
        timeZone: BUSINESS_TIME_ZONE,
        onTick: async () => {
          const now = dueAt;
          dueAt = nextAfter(times, new Date(Math.max(dueAt.getTime(), this.clock.now().getTime())));
          await this.runLogged(method, now);
        },
      });
      this.registry.addCronJob(name, job);
      job.start();
      const missed = lastBefore(times, this.clock.now());
      if (missed) void this.runLogged(method, missed);
    }
  }

  /** Disarms every schedule, and waits for the work that has begun. */
  async stop(): Promise<void> {
    for (const name of this.registry.getCronJobs().keys()) this.registry.deleteCronJob(name);
    await Promise.allSettled(this.running);
  }

  /**
   * Runs a schedule's work for one due time, unless a node has claimed it already.
   *
   * @returns whether this call ran it
   */
  async runOnce(name: string, dueAt: Date): Promise<boolean> {
    const method = this.marked
      .find<ScheduleDefinition>(ON_SCHEDULE)
      .find((known) => known.mark.name === name);
    if (!method) throw new Error(`No schedule is named ${name}.`);
    return this.claimAndRun(method, dueAt);
  }

  private runLogged(method: MarkedMethod<ScheduleDefinition>, dueAt: Date): Promise<void> {
    const run = this.runOrLog(method, dueAt).finally(() => this.running.delete(run));
    this.running.add(run);
    return run;
  }

  private async runOrLog(method: MarkedMethod<ScheduleDefinition>, dueAt: Date): Promise<void> {
    try {
      await this.claimAndRun(method, dueAt);
    } catch (error) {
      this.log.error({
        message: 'schedule failed',
        schedule: method.mark.name,
        error: String(error),
      });
    }
  }

  private async claimAndRun(
    method: MarkedMethod<ScheduleDefinition>,
    dueAt: Date,
  ): Promise<boolean> {
    const { name } = method.mark;
    const claimed = await this.database.rowsWithoutCompany(
      `INSERT INTO kernel_schedule_run (name, due_at, node, started_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING RETURNING 1`,
      [name, dueAt, `${hostname()}:${process.pid}`, this.clock.now()],
    );
    if (claimed.length === 0) return false;
    await this.watch.work('schedule', name, {}, () => this.runClaimed(method, dueAt));
    return true;
  }

  private async runClaimed(method: MarkedMethod<ScheduleDefinition>, dueAt: Date): Promise<void> {
    const { name } = method.mark;
    const failures: string[] = [];
    for (const work of await this.parts(method)) {
      await work().catch((error: unknown) => failures.push(String(error)));
    }
    await this.database.rowsWithoutCompany(
      'UPDATE kernel_schedule_run SET finished_at = $3, error = $4 WHERE name = $1 AND due_at = $2',
      [name, dueAt, this.clock.now(), failures.length > 0 ? failures.join('\n') : null],
    );
    if (failures.length > 0) throw new Error(failures.join('\n'));
  }

  private async parts(method: MarkedMethod<ScheduleDefinition>): Promise<(() => Promise<void>)[]> {
    if (method.mark.per === 'installation') return [() => method.call()];
    const companies = await this.database.rowsWithoutCompany<{ id: string }>(
      'SELECT id FROM kernel_company ORDER BY id',
    );
    return companies.map(
      ({ id }) =>
        () =>
          runAsHouse(id, method.mark.name, () => method.call()),
    );
  }
}

/** The first due time after an instant; a schedule's due times are whole minutes. */
function nextAfter(times: CronTime, instant: Date): Date {
  return times.getNextDateFrom(instant, BUSINESS_TIME_ZONE).toJSDate();
}

/** The last due time of the past day, which a house that was down has missed; or null. */
/** The last due time of the day before an instant, or null. */
export function lastBefore(times: CronTime, now: Date): Date | null {
  let last: Date | null = null;
  let next = nextAfter(times, new Date(now.getTime() - CATCH_UP_MS));
  for (let count = 0; next <= now && count < 2_000; count += 1) {
    last = next;
    next = nextAfter(times, next);
  }
  return last;
}
