import { Injectable, Logger } from '@nestjs/common';
import { Clock, Database, Measures, Round, runAsHouse } from '#kernel';
import type { GaugeDefinition, Reading } from '#kernel';
import { LOG_START, SettledEventsService } from '#modules/audit';
import { OrderFactsService } from '#modules/sales';
import { ordersOf, rowsOf } from '../vault/rows.js';
import type { Generation } from '../vault/vault-store.js';
import { VaultStore } from '../vault/vault-store.js';

export const WarehouseLag: GaugeDefinition = {
  name: 'ofitec_warehouse_lag_seconds',
  summary: 'Age of the oldest event that the warehouse does not hold yet; 0 when there is none',
  labels: [],
  per: 'company',
};

/** Events of one transaction. Smaller ones make more of them, larger ones hold more in memory. */
const BATCH = 1_000;

/** Transactions without an event of the company before its place is written down again. */
const QUIET_TRANSACTIONS = 10_000n;

/** What a load did. */
export interface Loaded {
  readonly events: number;
  readonly rows: number;
}

/** Told how far a load is, after each batch. */
export type Progress = (loaded: Loaded) => void;

/**
 * Brings what happened into the vault, in the background. An event is taken when no transaction that
 * began before its own can still commit, so that none is ever missed; rows and place are stored in one
 * transaction, so that wherever it is torn off, the next load goes on.
 */
@Injectable()
export class LoadService {
  private readonly log = new Logger('warehouse');

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly settled: SettledEventsService,
    private readonly orders: OrderFactsService,
    private readonly vault: VaultStore,
  ) {}

  @Round({ restMs: 15_000 })
  async look(): Promise<void> {
    for (const id of await this.companies()) {
      try {
        await runAsHouse(id, 'warehouse.load', () => this.load());
      } catch (error) {
        this.log.error({ message: 'loading failed', companyId: id, error: String(error) });
      }
    }
  }

  /** Every company of the installation. */
  async companies(): Promise<string[]> {
    const rows = await this.database.rowsWithoutCompany<{ id: string }>(
      'SELECT id FROM kernel_company ORDER BY id',
    );
    return rows.map(({ id }) => id);
  }

  /** Loads all that can be loaded in the context's company. */
  async load(progress: Progress = () => undefined): Promise<Loaded> {
    return this.fill('current', progress);
  }

  /** Loads into one generation until it holds all that is settled; begins it where there is none. */
  async fill(role: 'current' | 'built', progress: Progress): Promise<Loaded> {
    let [events, rows] = [0, 0];
    for (;;) {
      const batch = await this.database.transaction(async () => {
        await this.vault.lock();
        return this.batch((await this.vault.find(role)) ?? (await this.vault.begin(role)));
      });
      events += batch.events;
      rows += batch.rows;
      progress({ events, rows });
      if (batch.events < BATCH) return { events, rows };
    }
  }

  /** Loads the rest of a generation up to a transaction, in the caller's transaction and under its lock. */
  async finish(role: 'current' | 'built', until: bigint): Promise<void> {
    for (;;) {
      const generation = await this.vault.find(role);
      if (!generation || BigInt(generation.place.transactionId) > until) return;
      if ((await this.batch(generation, until)).events < BATCH) return;
    }
  }

  /** The next events of a generation; the caller holds the lock. */
  private async batch(generation: Generation, until?: bigint): Promise<Loaded> {
    const { events, place } = await this.settled.after(generation.place, BATCH, until);
    const quiet = BigInt(place.transactionId) - BigInt(generation.place.transactionId);
    if (events.length === 0 && quiet < QUIET_TRANSACTIONS) return { events: 0, rows: 0 };
    const orders = await this.orders.placed(ordersOf(events));
    const placed = events.flatMap((event) => rowsOf(event, orders));
    const rows = await this.vault.add(generation, placed);
    const latest = events.map(({ occurredAt }) => occurredAt.getTime());
    const last = latest.length > 0 ? new Date(Math.max(...latest)) : null;
    await this.vault.advance(generation, place, events.length, last);
    return { events: events.length, rows };
  }

  /** Seconds since the oldest event that is not loaded happened; 0 when there is none. In a transaction. */
  async lag(): Promise<number> {
    const current = await this.vault.find('current');
    const oldest = await this.settled.oldestAfter(current?.place ?? LOG_START);
    if (!oldest) return 0;
    return Math.max(0, (this.clock.now().getTime() - oldest.getTime()) / 1_000);
  }

  @Measures(WarehouseLag)
  async measureLag(): Promise<Reading[]> {
    return [{ labels: {}, value: await this.database.transaction(() => this.lag()) }];
  }
}
