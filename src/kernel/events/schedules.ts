import { hostname } from 'node:os';
import { Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { runAsHouse } from '../access/context.js';
import { Database } from '../database/database.js';
import { BUSINESS_TIME_ZONE } from '../values/business-day.js';
import { Clock } from '../values/clock.js';
import { MarkedMethods } from './marked-methods.js';
import type { MarkedMethod } from './marked-methods.js';
import { ON_SCHEDULE } from './schedule.js';
import type { ScheduleDefinition } from './schedule.js';

/**
 * Runs declared schedules once per cluster and due time. The due time, not the moment of
 * waking, is claimed by a row: a second node with a slow clock finds it taken.
 */
@Injectable()
export class Schedules {
  private readonly log = new Logger('schedules');

  constructor(
    private readonly database: Database,
    private readonly marked: MarkedMethods,
    private readonly registry: SchedulerRegistry,
    private readonly clock: Clock,
  ) {}

  /** Arms every schedule of this process. */
  start(): void {
    for (const method of this.marked.find<ScheduleDefinition>(ON_SCHEDULE)) {
      const job = CronJob.from({
        cronTime: method.mark.cron,
        timeZone: BUSINESS_TIME_ZONE,
        onTick: () => this.tick(method),
      });
      this.registry.addCronJob(method.mark.name, job);
      job.start();
    }
  }

  /** Disarms every schedule; work that has begun goes on. */
  stop(): void {
    for (const name of this.registry.getCronJobs().keys()) this.registry.deleteCronJob(name);
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

  private async tick(method: MarkedMethod<ScheduleDefinition>): Promise<void> {
    const job = this.registry.getCronJob(method.mark.name);
    const dueAt = job.lastDate() ?? this.clock.now();
    dueAt.setMilliseconds(0);
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
    const failures: string[] = [];
    for (const work of await this.parts(method)) {
      await work().catch((error: unknown) => failures.push(String(error)));
    }
    await this.database.rowsWithoutCompany(
      'UPDATE kernel_schedule_run SET finished_at = $3, error = $4 WHERE name = $1 AND due_at = $2',
      [name, dueAt, this.clock.now(), failures.length > 0 ? failures.join('\n') : null],
    );
    if (failures.length > 0) throw new Error(failures.join('\n'));
    return true;
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
