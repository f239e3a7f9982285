import { Injectable } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Brackets } from 'typeorm';
import type { FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { AddonRegistry } from '../addon/registry.js';
import { Database } from '../database/database.js';
import type { CompanyRecord, CompanyRow } from '../database/entity.js';
import type { Changes } from '../events/event.js';
import { Clock } from '../values/clock.js';
import { newId } from '../values/id.js';
import { Problem } from '../http/problem.js';
import { Conflict, NotFound, Stale } from '../http/problems.js';
import { currentActor } from './context.js';
import { changesBetween, snapshotOf } from './changes.js';
import { readPage } from './page-reader.js';
import type { ListDefinition, Page } from './list.js';
import { conditionsFor } from './record-rule.js';

/** How a row is held until the transaction ends. */
export type RowLock = 'update' | 'share';

const LOCK_MODES = { update: 'pessimistic_write', share: 'pessimistic_read' } as const;

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

  constructor(
    private readonly database: Database,
    private readonly registry: AddonRegistry,
    private readonly clock: Clock,
  ) {}

  /** One record by id. @throws Problem NotFound when absent or out of reach */
  async get<E extends CompanyRow>(entity: Type<E>, id: string, lock?: RowLock): Promise<E> {
    const found = await this.find(entity, { id } as FindOptionsWhere<E>, lock);
    if (!found) throw new Problem(NotFound);
    return found;
  }

  /** The record that matches, or null when there is none within reach. */
  async find<E extends CompanyRow>(
    entity: Type<E>,
    where: FindOptionsWhere<E>,
    lock?: RowLock,
  ): Promise<E | null> {
    const query = this.within(entity).andWhere(where);
    if (lock) query.setLock(LOCK_MODES[lock]);
    return this.remember(await query.getOne());
  }

  /** All records that match, oldest first; for sets that their owner bounds (lines of an order). */
  async all<E extends CompanyRow>(entity: Type<E>, where: FindOptionsWhere<E>): Promise<E[]> {
    const rows = await this.within(entity).andWhere(where).orderBy('e.id').getMany();
    return rows.map((row) => this.remember(row));
  }

  /**
   * All records of the company that match, whatever the actor may see, oldest first: for sums
   * that must not depend on who asks.
   */
  async allBeyondRules<E extends CompanyRow>(
    entity: Type<E>,
    where: FindOptionsWhere<E>,
  ): Promise<E[]> {
    const query = this.database.manager.createQueryBuilder(entity, 'e');
    const rows = await query.where(where).orderBy('e.id').getMany();
    return rows.map((row) => this.remember(row));
  }

  /** One page of a list. @throws Problem Malformed for a filter, sort or cursor it does not know */
  async page<E extends CompanyRow>(
    list: ListDefinition<E>,
    query: Readonly<Record<string, unknown>>,
    where: FindOptionsWhere<E> = {},
  ): Promise<Page<E>> {
    return readPage(list, query, this.within(list.entity).andWhere(where));
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
    await this.database.manager
      .createQueryBuilder()
      .insert()
      .into(entity)
      .values(records as QueryDeepPartialEntity<E>[])
      .updateEntity(false)
      .execute();
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
    const result = await this.database.manager
      .createQueryBuilder()
      .update(record.constructor as Type<E>)
      .set(Object.fromEntries(fields.map((f) => [f, record[f as keyof E]])) as never)
      .where('id = :id AND version = :expected', { id: record.id, expected })
      .updateEntity(false)
      .execute();
    if (result.affected !== 1) throw new Problem(Conflict);
    this.remember(record);
    return changesBetween(before, changed, personal);
  }

  /** @throws Problem Stale when the client read another version than the record's */
  matchVersion(record: Pick<CompanyRecord, 'version'>, expected: number): void {
    if (record.version === expected) return;
    throw new Problem(Stale, { extra: { version: record.version } });
  }

  /** A query of the entity (alias `e`) with the actor's rules applied. */
  private within<E extends ObjectLiteral>(entity: Type<E>): SelectQueryBuilder<E> {
    const query = this.database.manager.createQueryBuilder(entity, 'e').where('true');
    const conditions = conditionsFor(this.registry.rules, entity, currentActor());
    if (conditions === null) return query.andWhere('false');
    for (const alternatives of conditions) {
      query.andWhere(
        new Brackets((any) => alternatives.forEach((condition) => any.orWhere(condition))),
      );
    }
    return query;
  }

  private remember<E extends object | null>(record: E): E {
    if (record) this.snapshots.set(record, snapshotOf(record));
    return record;
  }
}
