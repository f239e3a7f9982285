import { Injectable } from '@nestjs/common';
import { Database, Events } from '#kernel';
import { SettledEventsService } from '#modules/audit';
import { MAPPING } from '../vault/rows.js';
import { VAULT_TABLES } from '../vault/tables.js';
import { VaultStore } from '../vault/vault-store.js';
import type { Generation } from '../vault/vault-store.js';
import { WarehouseRebuilt } from './load.events.js';
import { LoadService } from './load.service.js';

/** Rows of a table that only one of the two generations has. */
export interface TableDifference {
  readonly table: string;
  readonly count: number;
}

/** What a rebuild did. */
export interface Rebuilt {
  readonly generation: number;
  readonly events: number;
  readonly rows: number;
  /** None when what was loaded bit by bit was the same, row by row. */
  readonly differences: readonly TableDifference[];
}

interface RebuildOptions {
  /** Swap also when keys are lost: when the log was cut off where the warehouse still knows it. */
  readonly acceptLoss?: boolean;
  readonly progress?: (words: string) => void;
}

/** Whole tables are compared under the lock; nobody but another load waits meanwhile. */
const PATIENCE = { statementMs: 3_600_000, lockMs: 600_000 };

/** Makes the vault anew of the whole log, beside the one that is read, and then has it take its place. */
@Injectable()
export class RebuildService {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly settled: SettledEventsService,
    private readonly load: LoadService,
    private readonly vault: VaultStore,
  ) {}

  /**
   * Rebuilds the context's company. Torn off, it goes on where it was; begun twice, both fill the same
   * generation, and one of them swaps.
   *
   * @throws Error when the rebuilt one would know less, and that is not accepted
   */
  async rebuild({
    acceptLoss = false,
    progress = () => undefined,
  }: RebuildOptions = {}): Promise<Rebuilt> {
    await this.sweep(progress);
    const begun = await this.database.transaction(() => this.begin());
    await this.load.fill('built', ({ events, rows }) => progress(`${events} events, ${rows} rows`));
    const rebuilt = await this.database.transaction(() => this.swap(begun, acceptLoss));
    await this.sweep(progress);
    return rebuilt;
  }

  /** Takes away what nobody reads any more, a part at a time. */
  async sweep(progress: (words: string) => void): Promise<void> {
    const retired = await this.database.transaction(() => this.vault.retired());
    for (const generation of retired) {
      for (let isGone = false; !isGone;) {
        isGone = await this.database.transaction(() => this.vault.sweep(generation));
        progress(`generation ${generation.generation} is being swept away`);
      }
    }
  }

  private async begin(): Promise<Generation> {
    await this.vault.lock();
    const built = await this.vault.find('built');
    if (built?.mapping === MAPPING) return built;
    if (built) await this.vault.retire(built);
    return this.vault.begin('built');
  }

  private async swap(begun: Generation, acceptLoss: boolean): Promise<Rebuilt> {
    await this.database.takeTime(PATIENCE);
    await this.vault.lock();
    const until = await this.settled.settledUntil();
    await this.load.finish('current', until);
    await this.load.finish('built', until);
    const [current, built] = [await this.vault.find('current'), await this.vault.find('built')];
    if (built?.generation !== begun.generation) {
      // Another rebuild has filled the same generation, and swapped it.
      return { generation: begun.generation, events: 0, rows: 0, differences: [] };
    }
    const lost = current ? await this.vault.lostKeys(current, built) : 0;
    if (lost > 0 && !acceptLoss) {
      throw new Error(
        `The event log does not hold ${lost} records that the warehouse knows, so that it stays as it is.`,
      );
    }
    const differences = current ? await this.compare(current, built) : [];
    await this.vault.swap(built);
    const counts = Object.values(await this.vault.count(built));
    const rows = counts.reduce((sum, each) => sum + each, 0);
    const payload = {
      ...{ generation: built.generation, rows },
      differences: differences.reduce((sum, { count }) => sum + count, 0),
    };
    const label = `generation ${built.generation}`;
    const subject = { type: 'warehouse.load', id: this.database.companyId, label };
    await this.events.publish(WarehouseRebuilt, { subject, payload });
    return { generation: built.generation, events: built.events, rows, differences };
  }

  private async compare(current: Generation, built: Generation): Promise<TableDifference[]> {
    const differences: TableDifference[] = [];
    for (const table of VAULT_TABLES) {
      const missing = await this.vault.onlyIn(table, current, built);
      const added = await this.vault.onlyIn(table, built, current);
      if (missing + added > 0) differences.push({ table, count: missing + added });
    }
    return differences;
  }
}
