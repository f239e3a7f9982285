import { Injectable } from '@nestjs/common';
import { CronTime } from 'cron';
import { AddonRegistry, BUSINESS_TIME_ZONE, Clock, Database, Records, Round } from '#kernel';
import type { ScheduleDefinition } from '#kernel';
import { OperatorService } from '../alert/operator.service.js';
import { Heartbeat } from './heartbeat.entity.js';
import { HeartbeatChanged, HeartbeatMissed } from './heartbeat.events.js';
import { spanFrom } from './heartbeat.rule.js';
import { HeartbeatService } from './heartbeat.service.js';

const WORKER = 'worker';
const WORKER_EVERY_SECONDS = 60;
const WORKER_GRACE_SECONDS = 120;
/** An hour for the night when clocks change, a quarter for the work itself. */
const SCHEDULE_GRACE_SECONDS = 4_500;
const WEEK_MS = 8 * 86_400_000;
const MAX_DUE_TIMES = 500;
/** How often a missed one that no ping tells of is looked for. */
const LOOK_AGAIN_MS = 60_000;

/** Looks whether what is expected has happened, and keeps the heartbeats of the house itself. */
@Injectable()
export class HeartbeatWatchService {
  private isSettled = false;

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly clock: Clock,
    private readonly registry: AddonRegistry,
    private readonly operator: OperatorService,
    private readonly heartbeats: HeartbeatService,
  ) {}

  /** Looks at those of one company that are due. */
  async look(): Promise<void> {
    const due = await this.database.transaction(() =>
      this.database.rows<{ id: string }>(
        `SELECT id FROM operational_alerts_heartbeat WHERE company_id = $1 AND due_at <= $2
         ORDER BY due_at, id LIMIT 200`,
        [this.database.companyId, this.clock.now()],
      ),
    );
    for (const { id } of due) await this.database.transaction(() => this.judge(id));
  }

  /** The worker lives: its own heartbeat. The first time it also lists the schedules. */
  @Round({ restMs: 30_000 })
  async beat(): Promise<void> {
    await this.operator.run('operational-alerts.worker', async () => {
      if (!this.isSettled) await this.settle();
      this.isSettled = true;
      const worker = await this.database.transaction(() =>
        this.records.find(Heartbeat, { name: WORKER, source: 'worker' }),
      );
      if (worker) await this.heartbeats.beat(worker.id);
    });
  }

  private async judge(id: string): Promise<void> {
    const heartbeat = await this.records.get(Heartbeat, id, 'update');
    const now = this.clock.now();
    if (heartbeat.dueAt === null || heartbeat.dueAt > now) return;
    const sign = await this.signOf(heartbeat, now);
    if (sign) return this.heartbeats.see(heartbeat, sign);
    const isNew = heartbeat.state !== 'down';
    const looks = heartbeat.source === 'event' || heartbeat.source === 'schedule';
    heartbeat.dueAt = looks ? new Date(now.getTime() + LOOK_AGAIN_MS) : null;
    heartbeat.state = 'down';
    await this.records.store(heartbeat);
    if (isNew) await this.heartbeats.announce(HeartbeatMissed, heartbeat);
  }

  /**
   * The last sign since it counts and until now, from the event log or the runs of schedules; null without one. What
   * a node whose clock is ahead has written is no sign of the days to come.
   */
  private async signOf(heartbeat: Heartbeat, now: Date): Promise<Date | null> {
    const { source, eventName, match, sinceAt } = heartbeat;
    if (source === 'event') {
      return this.lastOf(
        `SELECT max(created_at) AS at FROM kernel_event WHERE company_id = $1 AND created_at >= $2
           AND created_at <= $3 AND action = $4 AND payload @> $5::jsonb`,
        [this.database.companyId, sinceAt, now, eventName, JSON.stringify(match)],
      );
    }
    if (source === 'schedule') {
      return this.lastOf(
        `SELECT max(finished_at) AS at FROM kernel_schedule_run
         WHERE name = $1 AND finished_at > $2 AND finished_at <= $3 AND error IS NULL`,
        [eventName, sinceAt, now],
      );
    }
    return null;
  }

  private async lastOf(sql: string, values: unknown[]): Promise<Date | null> {
    const [row] = await this.database.rows<{ at: Date | null }>(sql, values);
    return row?.at ?? null;
  }

  /** Makes the heartbeats of the worker and of every schedule that have none yet. */
  private async settle(): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.lockName(`operational-alerts.house ${this.database.companyId}`);
      const known = await this.records.allBeyondRules(Heartbeat, {
        source: ['worker', 'schedule'],
      });
      const isKnown = (name: string): boolean => known.some((each) => each.name === name);
      if (!isKnown(WORKER)) {
        await this.make({ name: WORKER, source: 'worker' }, WORKER_EVERY_SECONDS);
      }
      const schedules = this.registry.addons.flatMap((addon) => addon.schedules);
      await this.pauseGone(known, schedules);
      for (const schedule of schedules) {
        const name = `schedule:${schedule.name}`;
        if (isKnown(name)) continue;
        const every = longestRest(schedule, this.clock.now());
        await this.make({ name, source: 'schedule', eventName: schedule.name }, every);
      }
    });
  }

  /** A schedule whose addon was taken out is no longer expected. */
  private async pauseGone(
    known: readonly Heartbeat[],
    schedules: readonly ScheduleDefinition[],
  ): Promise<void> {
    for (const heartbeat of known) {
      const isGone = !schedules.some(({ name }) => name === heartbeat.eventName);
      if (heartbeat.source !== 'schedule' || !isGone || heartbeat.state === 'paused') continue;
      Object.assign(heartbeat, { state: 'paused', dueAt: null, sinceAt: null });
      const changes = await this.records.store(heartbeat);
      await this.heartbeats.announce(HeartbeatChanged, heartbeat, changes);
    }
  }

  private async make(
    what: Pick<Heartbeat, 'name' | 'source'> & { eventName?: string },
    everySeconds: number,
  ): Promise<void> {
    const isWorker = what.source === 'worker';
    const rule = {
      ...{ everySeconds, byTime: null, byDays: null, skipsHolidays: false, closedDays: [] },
      graceSeconds: isWorker ? WORKER_GRACE_SECONDS : SCHEDULE_GRACE_SECONDS,
    };
    await this.records.insert(Heartbeat, {
      ...{ eventName: null, ...what, ...rule },
      ...(await spanFrom(rule, this.clock.now())),
      severity: isWorker ? 'critical' : 'warning',
      state: 'new',
      match: {},
      tokenHash: null,
      lastSeenAt: null,
    });
  }
}

/** The longest time between two due times of a schedule, in seconds. */
function longestRest({ cron }: ScheduleDefinition, now: Date): number {
  const times = new CronTime(cron, BUSINESS_TIME_ZONE);
  const next = (after: Date): Date => times.getNextDateFrom(after, BUSINESS_TIME_ZONE).toJSDate();
  let longest = 0;
  let last = next(now);
  for (
    let count = 0;
    count < MAX_DUE_TIMES && last.getTime() < now.getTime() + WEEK_MS;
    count += 1
  ) {
    const following = next(last);
    longest = Math.max(longest, following.getTime() - last.getTime());
    last = following;
  }
  return Math.round(longest / 1000);
}
