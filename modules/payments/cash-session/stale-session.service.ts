import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Database, Events, OnSchedule, Records } from '#kernel';
import type { ScheduleDefinition } from '#kernel';
import { CashSession } from './cash-session.entity.js';
import { CashSessionStaleOpen } from './cash-session.events.js';
import { factsOf, subjectOf } from './cash-session.service.js';

/** Looks every morning for cash that nobody has counted. */
export const FindStaleSessions: ScheduleDefinition = {
  name: 'payments.find-stale-sessions',
  cron: '30 6 * * *',
  summary: 'publishes cash_session.stale_open for sessions of earlier days that are not closed',
  per: 'company',
};

/** Cash sessions that outlived their business day. */
@Injectable()
export class StaleSessionService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  @OnSchedule(FindStaleSessions)
  async find(): Promise<void> {
    await this.database.transaction(async () => {
      const today = businessDay(this.clock.now());
      const state = ['open', 'ended'] as const;
      const waiting = await this.records.allBeyondRules(CashSession, { state });
      for (const session of waiting.filter(({ businessDate }) => businessDate < today)) {
        await this.events.publish(CashSessionStaleOpen, {
          subject: subjectOf(session),
          payload: factsOf(session),
        });
      }
    });
  }
}
