import { Injectable } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { AddonRegistry } from '../addon/registry.js';
import { Database } from '../database/database.js';
import type { CompanyRecord, CompanyRow } from '../database/entity.js';
import type { Selection, Where } from '../database/rows.js';
import type { Changes } from '../events/event.js';
import { Clock } from '../values/clock.js';
import { newId } from '../values/id.js';
import { Problem } from '../http/problem.js';
import { Conflict, NotFound, Stale } from '../http/problems.js';
import { currentActor } from './context.js';
import { changesBetween, snapshotOf } from './changes.js';
import { pageOf, readRequest } from './page-reader.js';
import type { ListDefinition, Page } from './list.js';
import { conditionsFor } from './record-rule.js';

const BY_ID = { property: 'id', descending: false } as const;

/** How a row is held until the transaction ends. */
export type RowLock = 'update' | 'share';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** The names of the columns: neither methods nor computed properties (which are read-only). */
type ColumnOf<E> = {
  [K in keyof E]-?: E[K] extends (...args: never[]) => unknown
    ? never
    : Same<Pick<E, K>, { -readonly [P in K]: E[P] }> extends true
      ? K
      : never;
}[keyof E];

/** A new record's own columns; an id only where another record's id is shared. */
type Draft<E> = Omit<
  Pick<E, ColumnOf<E>>,
  'id' | 'companyId' | 'createdAt' | 'updatedAt' | 'version'
> & { readonly id?: string };

/**
 * Records within the actor's reach. Every lookup and list passes here, so that no service can
 * forget a record rule; what a rule hides does not exist for the caller.
 */
@Injectable()
export class Records {
  private readonly snapshots = new WeakMap<object, Record<string, unknown>>();
  /** Records whose row is locked by the transaction that read them: nobody else changes them. */
  private readonly held = new WeakSet<object>();

  constructor(
    private readonly database: Database,
    private readonly registry: AddonRegistry,
    private readonly clock: Clock,
  ) {}

  /** One record by id. @throws Problem NotFound when absent or out of reach */
  async get<E extends CompanyRow>(entity: Type<E>, id: string, lock?: RowLock): Promise<E> {
    const found = await this.find(entity, { id } as Where<E>, lock);
    if (!found) throw new Problem(NotFound);
    return found;
  }

  /** The record that matches, or null when there is none within reach. */
  async find<E extends CompanyRow>(
    entity: Type<E>,
    where: Where<E>,
    lock?: RowLock,
  ): Promise<E | null> {
    const within = this.within(entity);
    if (!within) return null;
    const wanted = { ...within, where: [...within.where, where], lock, limit: 1 };
    const [found] = await this.select(entity, wanted);
    if (!found) return null;
    if (lock) this.held.add(found);
    return found;
  }

  /** All records that match, oldest first; for sets that their owner bounds (lines of an order). */
  async all<E extends CompanyRow>(entity: Type<E>, where: Where<E>): Promise<E[]> {
    const within = this.within(entity);
    if (!within) return [];
    return this.select(entity, { ...within, where: [...within.where, where], order: BY_ID });
  }

  /**
   * All records of the company that match, whatever the actor may see, oldest first: for sums
   * that must not depend on who asks.
   */
  async allBeyondRules<E extends CompanyRow>(entity: Type<E>, where: Where<E>): Promise<E[]> {
    return this.select(entity, { where: [where], anyOf: [], order: BY_ID });
  }

  /** One page of a list. @throws Problem Malformed for a filter, sort or cursor it does not know */
  async page<E extends CompanyRow>(
    list: ListDefinition<E>,
    query: Readonly<Record<string, unknown>>,
    where: Where<E> = {},
  ): Promise<Page<E>> {
    const request = readRequest(list, query);
    const within = this.within(list.entity);
    if (!within) return { items: [], next: null };
    const wanted = { ...within, ...request, where: [...within.where, where] };
    const rows = this.database.rowsOf(list.entity);
    const { sql, values } = rows.select({ ...wanted, limit: request.limit + 1 });
    const found = await this.database.rowsByPlan<Record<string, unknown>>(sql, values);
    return pageOf(
      request,
      found.map((row) => this.remember(rows.read(row))),
    );
  }

  /** Writes a new record; id, company, instants and version are filled in. */
  async insert<E extends CompanyRow>(entity: Type<E>, draft: Draft<E>): Promise<E> {
    const [record] = await this.insertAll(entity, [draft]);
    if (!record) throw new Error('unreachable: one draft makes one record');
    return record;
  }

  /** Writes new records in one statement. */
  async insertAll<E extends CompanyRow>(
    entity: Type<E>,
    drafts: readonly Draft<E>[],
  ): Promise<E[]> {
    const now = this.clock.now();
    const { companyId } = this.database;
    const records = drafts.map((draft) => {
      const stamp = { id: newId(), companyId, createdAt: now, updatedAt: now, version: 1 };
      return Object.assign(new entity(), stamp, draft);
    });
    if (records.length === 0) return records;
    const { sql, values } = this.database.rowsOf(entity).insert(records);
    await this.database.write(sql, values);
    return records.map((record) => this.remember(record));
  }

  /**
   * Writes what has changed since the record was read, counting its version up.
   *
   * @param personal fields that the audit names without their values
   * @returns the changed fields, before and after
   * @throws Problem Conflict when somebody changed it meanwhile (only without a row lock)
   */
  async store<E extends CompanyRecord>(
    record: E,
    personal: readonly (keyof E & string)[] = [],
  ): Promise<Changes> {
    const before = this.snapshots.get(record);
    if (!before) throw new Error('Only a record read through Records can be stored.');
    const changed = Object.entries(snapshotOf(record)).filter(
      ([field, value]) => JSON.stringify(value) !== JSON.stringify(before[field]),
    );
    if (changed.length === 0) return {};
    const expected = record.version;
    record.version = expected + 1;
    record.updatedAt = this.clock.now();
    const fields = [...changed.map(([field]) => field), 'version', 'updatedAt'];
    const rowsOf = this.database.rowsOf(record.constructor as Type<E>);
    const { sql, values } = rowsOf.update(record, fields, expected);
    if (this.held.has(record)) await this.database.write(sql, values);
    else if ((await this.database.change(sql, values)) !== 1) throw new Problem(Conflict);
    this.remember(record);
    return changesBetween(before, changed, personal);
  }

  /** @throws Problem Stale when the client read another version than the record's */
  matchVersion(record: Pick<CompanyRecord, 'version'>, expected: number): void {
    if (record.version === expected) return;
    throw new Problem(Stale, { extra: { version: record.version } });
  }

  /** The actor's reach, or null when it is empty. */
  private within<E extends CompanyRow>(
    entity: Type<E>,
  ): Pick<Selection<E>, 'where' | 'anyOf'> | null {
    const anyOf = conditionsFor(this.registry.rules, entity, currentActor());
    return anyOf && { where: [], anyOf };
  }

  private async select<E extends CompanyRow>(
    entity: Type<E>,
    selection: Selection<E>,
  ): Promise<E[]> {
    const rows = this.database.rowsOf(entity);
    const { sql, values } = rows.select(selection);
    const found = await this.database.rows<Record<string, unknown>>(sql, values);
    return found.map((row) => this.remember(rows.read(row)));
  }

  private remember<E extends object>(record: E): E {
    this.snapshots.set(record, snapshotOf(record));
    return record;
  }
}
