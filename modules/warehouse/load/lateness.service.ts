import { Injectable } from '@nestjs/common';
import { Database, Events, OnSchedule } from '#kernel';
import type { ScheduleDefinition } from '#kernel';
import { VaultStore } from '../vault/vault-store.js';
import { WarehouseCaughtUp, WarehouseLate } from './load.events.js';
import { LoadService } from './load.service.js';

export const WatchLoad: ScheduleDefinition = {
  name: 'warehouse.watch-load',
  cron: '*/10 * * * *',
  summary: 'tells warehouse_load.late while what happened long ago is not in the warehouse yet',
  per: 'company',
};

/** Seconds that may pass before somebody is told. Loading rests for seconds; an hour of it is trouble. */
const LATE_SECONDS = 3_600;

/** Tells when loading does not keep up. */
@Injectable()
export class LatenessService {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly load: LoadService,
    private readonly vault: VaultStore,
  ) {}

  @OnSchedule(WatchLoad)
  async watch(): Promise<void> {
    await this.database.transaction(async () => {
      const current = await this.vault.find('current');
      const lagSeconds = Math.round(await this.load.lag());
      const isLate = lagSeconds >= LATE_SECONDS;
      if (!isLate && current?.late !== true) return;
      const { companyId } = this.database;
      const subject = { type: 'warehouse.load', id: companyId, label: `${lagSeconds} s` };
      const event = isLate ? WarehouseLate : WarehouseCaughtUp;
      await this.events.publish(event, { subject, payload: { lagSeconds } });
      if (current) await this.vault.noteLate(current, isLate);
    });
  }
}
