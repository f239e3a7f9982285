import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Clock } from '../values/clock.js';
import { OnSchedule } from './schedule.js';
import type { ScheduleDefinition } from './schedule.js';

const HOUR_MS = 3_600_000;

/** Makes the event log's partitions of the coming months. */
export const EventPartitions: ScheduleDefinition = {
  name: 'kernel.event-partitions',
  cron: '10 3 * * *',
  summary: 'makes the event log’s partitions for this month and the next two',
  per: 'installation',
};

/** Drops what is kept for repeats only. */
export const ForgetRepeats: ScheduleDefinition = {
  name: 'kernel.forget-repeats',
  cron: '40 3 * * *',
  summary: 'forgets idempotency keys after 3 days and delivery marks after 30',
  per: 'company',
};

/** The kernel's own schedules: nothing that grows is without a bound. */
@Injectable()
export class Housekeeping {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @OnSchedule(EventPartitions)
  async ensurePartitions(): Promise<void> {
    await this.database.rowsWithoutCompany('SELECT kernel_ensure_event_partitions()');
    await this.database.rowsWithoutCompany('DELETE FROM kernel_schedule_run WHERE due_at < $1', [
      this.before(90 * 24),
    ]);
  }

  @OnSchedule(ForgetRepeats)
  async forgetRepeats(): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.rows('DELETE FROM kernel_idempotency WHERE created_at < $1', [
        this.before(72),
      ]);
      await this.database.rows('DELETE FROM kernel_delivery WHERE delivered_at < $1', [
        this.before(30 * 24),
      ]);
    });
  }

  private before(hours: number): Date {
    return new Date(this.clock.now().getTime() - hours * HOUR_MS);
  }
}
