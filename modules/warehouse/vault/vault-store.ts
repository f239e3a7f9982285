import { Injectable } from '@nestjs/common';
import { Clock, Database } from '#kernel';
import { LOG_START } from '#modules/audit';
import type { LogPlace } from '#modules/audit';
import { MAPPING } from './rows.js';
import type { Placed } from './rows.js';
import { columnsOf, VAULT_TABLES } from './tables.js';
import type { VaultTable } from './tables.js';

/** Reports read the current one; one may be built beside it; a retired one only waits to be swept away. */
export type Role = 'current' | 'built' | 'retired';

/** One filling of the vault, and how far it is. */
export interface Generation {
  readonly generation: number;
  readonly role: Role;
  /** What {@link MAPPING} was when it was begun. */
  readonly mapping: number;
  readonly place: LogPlace;
  /** When the last event that it holds happened. */
  readonly lastRecordedAt: Date | null;
  /** Events that were read, whether they made rows or not. */
  readonly events: number;
  /** Somebody was told that it is late. */
  readonly late: boolean;
}

const GENERATION = `SELECT generation, role, mapping, events::float8 AS events, late,
    last_recorded_at AS "lastRecordedAt",
    json_build_object('transactionId', last_transaction_id::text, 'eventId', last_event_id) AS place
  FROM warehouse_load WHERE company_id = $1 AND role = $2`;

const BEGIN = `INSERT INTO warehouse_load (company_id, generation, mapping, role, last_transaction_id,
    last_event_id, events, late, started_at, updated_at)
  SELECT $1::uuid, coalesce(max(generation), 0) + 1, $2, $3, $4::bigint, $5::uuid, 0, false, $6, $6
  FROM warehouse_load WHERE company_id = $1`;

const ADVANCE = `UPDATE warehouse_load SET last_transaction_id = $3, last_event_id = $4, events = events + $5,
    last_recorded_at = greatest(last_recorded_at, $6), updated_at = $7
  WHERE company_id = $1 AND generation = $2`;

/** Rows that are deleted in one transaction of a clean-up. */
const SWEEP = 20_000;

/** The vault of the context's company: what was loaded, and up to where. */
@Injectable()
export class VaultStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Keeps every other loader of the company out until the transaction ends. */
  async lock(): Promise<void> {
    await this.database.lockName(`warehouse.load/${this.database.companyId}`);
  }

  /** The generation that is read, or the one that is being built; null when there is none. */
  async find(role: 'current' | 'built'): Promise<Generation | null> {
    const [row] = await this.database.rows<Generation>(GENERATION, [this.database.companyId, role]);
    return row ?? null;
  }

  /** Begins a generation; the caller holds the lock. */
  async begin(role: 'current' | 'built'): Promise<Generation> {
    await this.database.change(BEGIN, [
      ...[this.database.companyId, MAPPING, role],
      ...[LOG_START.transactionId, LOG_START.eventId, this.clock.now()],
    ]);
    const begun = await this.find(role);
    if (!begun) throw new Error('unreachable: the generation was begun in this transaction');
    return begun;
  }

  /** Adds rows; one that is there already stays as it is. */
  async add({ generation }: Generation, placed: readonly Placed[]): Promise<number> {
    const loadedAt = this.clock.now();
    let added = 0;
    for (const table of VAULT_TABLES) {
      const rows = placed.filter((each) => each.table === table).map(({ row }) => row);
      if (rows.length === 0) continue;
      added += await this.database.change(INSERTS[table], [
        ...[this.database.companyId, generation, loadedAt, JSON.stringify(rows)],
      ]);
    }
    return added;
  }

  /** Says how far a generation is now. */
  async advance(
    { generation }: Generation,
    place: LogPlace,
    events: number,
    lastRecordedAt: Date | null,
  ): Promise<void> {
    await this.database.change(ADVANCE, [
      ...[this.database.companyId, generation, place.transactionId, place.eventId],
      ...[events, lastRecordedAt, this.clock.now()],
    ]);
  }

  /** Remembers whether somebody was told that the load is late. */
  async noteLate({ generation }: Generation, late: boolean): Promise<void> {
    const parameters = [this.database.companyId, generation, late];
    await this.database.change(
      'UPDATE warehouse_load SET late = $3 WHERE company_id = $1 AND generation = $2',
      parameters,
    );
  }

  /** Nobody reads it from now on, and nobody adds to it. */
  async retire({ generation }: Generation): Promise<void> {
    await this.setRole(generation, 'retired');
  }

  /** What is built is read from now on, in the place of what was; the caller holds the lock. */
  async swap(built: Generation): Promise<void> {
    const current = await this.find('current');
    if (current) await this.retire(current);
    await this.setRole(built.generation, 'current');
  }

  /** Generations that only wait to be swept away. */
  async retired(): Promise<Generation[]> {
    return this.database.rows<Generation>(GENERATION, [this.database.companyId, 'retired']);
  }

  /** Rows of a generation, by table. */
  async count({ generation }: Generation): Promise<Readonly<Record<VaultTable, number>>> {
    const counts = VAULT_TABLES.map(
      (table) => `(SELECT count(*) FROM warehouse_${table}
        WHERE company_id = $1 AND generation = $2)::float8 AS ${table}`,
    );
    const [row] = await this.database.rowsByPlan<Record<VaultTable, number>>(
      `SELECT ${counts.join(', ')}`,
      [this.database.companyId, generation],
    );
    if (!row) throw new Error('unreachable: a SELECT of counts has one row');
    return row;
  }

  /** How many rows of a table one generation has and another has not, whatever they were loaded. */
  async onlyIn(table: VaultTable, one: Generation, other: Generation): Promise<number> {
    const columns = columnsOf(table)
      .map(([name]) => name)
      .join(', ');
    const rows = (parameter: string): string =>
      `SELECT ${columns} FROM warehouse_${table} WHERE company_id = $1 AND generation = ${parameter}`;
    const [row] = await this.database.rowsByPlan<{ count: number }>(
      `SELECT count(*)::float8 AS count FROM (${rows('$2')} EXCEPT ALL ${rows('$3')}) AS different`,
      [this.database.companyId, one.generation, other.generation],
    );
    return row?.count ?? 0;
  }

  /** Keys of hubs that one generation knows and another does not. */
  async lostKeys(one: Generation, other: Generation): Promise<number> {
    const hubs = VAULT_TABLES.filter((table) => table.startsWith('hub_'));
    const keys = (parameter: string): string =>
      hubs
        .map(
          (table) => `SELECT '${table}', key FROM warehouse_${table}
            WHERE company_id = $1 AND generation = ${parameter}`,
        )
        .join(' UNION ALL ');
    const [row] = await this.database.rowsByPlan<{ count: number }>(
      `SELECT count(*)::float8 AS count FROM ((${keys('$2')}) EXCEPT (${keys('$3')})) AS lost`,
      [this.database.companyId, one.generation, other.generation],
    );
    return row?.count ?? 0;
  }

  /** Takes away a part of a generation that nobody reads. @returns whether there is nothing of it any more */
  async sweep({ generation }: Generation): Promise<boolean> {
    const parameters = [this.database.companyId, generation, SWEEP];
    for (const table of VAULT_TABLES) {
      const deleted = await this.database.change(
        `DELETE FROM warehouse_${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM warehouse_${table}
           WHERE company_id = $1 AND generation = $2 LIMIT $3))`,
        parameters,
      );
      if (deleted > 0) return false;
    }
    await this.database.change(
      "DELETE FROM warehouse_load WHERE company_id = $1 AND generation = $2 AND role = 'retired'",
      parameters.slice(0, 2),
    );
    return true;
  }

  private async setRole(generation: number, role: Role): Promise<void> {
    await this.database.change(
      'UPDATE warehouse_load SET role = $3 WHERE company_id = $1 AND generation = $2',
      [this.database.companyId, generation, role],
    );
  }
}

const INSERTS = Object.fromEntries(
  VAULT_TABLES.map((table) => [table, insertOf(table)]),
) as Readonly<Record<VaultTable, string>>;

function insertOf(table: VaultTable): string {
  const columns = columnsOf(table);
  const names = columns.map(([name]) => name).join(', ');
  const types = columns.map(([name, type]) => `${name} ${type}`).join(', ');
  return `INSERT INTO warehouse_${table} (company_id, generation, loaded_at, ${names})
    SELECT $1::uuid, $2::integer, $3::timestamptz, ${names} FROM jsonb_to_recordset($4::jsonb) AS r(${types})
    ON CONFLICT DO NOTHING`;
}
