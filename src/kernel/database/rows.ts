import type { DataSource, EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** Columns and the values they must have; null asks for none, an array for one of several. */
export type Where<E> = {
  readonly [K in keyof E]?:
    E[K] | null | (E[K] extends readonly unknown[] ? E[K] : readonly E[K][]);
};

/** A statement and its values. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

type Comparison = '=' | '>' | '>=' | '<' | '<=';

/** What is asked for: all conditions must hold. */
export interface Selection<E> {
  readonly where: readonly Where<E>[];
  /** Of each list, one must hold. */
  readonly anyOf: readonly (readonly Where<E>[])[];
  readonly compare?: readonly {
    readonly property: string;
    readonly comparison: Comparison;
    readonly value: unknown;
  }[];
  /** A keyset: the rows before or after one, in an order that the id makes total. */
  readonly from?: {
    readonly property: string;
    readonly value: unknown;
    readonly id: string;
  } | null;
  readonly order?: { readonly property: string; readonly descending: boolean };
  readonly limit?: number;
  readonly lock?: 'update' | 'share' | undefined;
}

const LOCKS = { update: ' FOR UPDATE', share: ' FOR SHARE' } as const;

const known = new WeakMap<DataSource, Map<unknown, Rows<ObjectLiteral>>>();

/**
 * The statements of one entity's rows. TypeORM says what the columns are and how a value looks on
 * the wire; the text is written here, since building it anew for each call was an eighth of a
 * payment's cost (runbooks/decisions/0019).
 */
export class Rows<E extends ObjectLiteral> {
  private readonly table: string;
  private readonly columns: ReadonlyMap<string, ColumnMetadata>;
  private readonly list: string;

  private constructor(
    private readonly dataSource: DataSource,
    private readonly metadata: EntityMetadata,
  ) {
    this.table = quoted(metadata.tableName);
    this.columns = new Map(metadata.columns.map((column) => [column.propertyName, column]));
    this.list = metadata.columns.map(({ databaseName }) => quoted(databaseName)).join(', ');
  }

  static of<E extends ObjectLiteral>(dataSource: DataSource, entity: new () => E): Rows<E> {
    const rows = known.get(dataSource) ?? new Map<unknown, Rows<ObjectLiteral>>();
    known.set(dataSource, rows);
    const found = rows.get(entity) ?? new Rows(dataSource, dataSource.getMetadata(entity));
    rows.set(entity, found);
    return found as Rows<E>;
  }

  insert(records: readonly E[]): Statement {
    const values: unknown[] = [];
    const tuples = records.map((record) => {
      const places = [...this.columns].map(([property, column]) =>
        this.place(values, column, record[property]),
      );
      return `(${places.join(', ')})`;
    });
    return { sql: `INSERT INTO ${this.table} (${this.list}) VALUES ${tuples.join(', ')}`, values };
  }

  /** Changes the row only while its version is the expected one. */
  update(record: E & { id: string }, properties: readonly string[], expected: number): Statement {
    const values: unknown[] = [];
    const changes = properties.map((property) => {
      const column = this.column(property);
      return `${quoted(column.databaseName)} = ${this.place(values, column, record[property])}`;
    });
    values.push(record.id, expected);
    const match = `id = $${values.length - 1} AND version = $${values.length}`;
    return { sql: `UPDATE ${this.table} SET ${changes.join(', ')} WHERE ${match}`, values };
  }

  select(selection: Selection<E>): Statement {
    const values: unknown[] = [];
    const conditions = [
      ...selection.where.flatMap((where) => this.conditions(values, where)),
      ...selection.anyOf.map((list) => this.alternatives(values, list)),
      ...(selection.compare ?? []).map(({ property, comparison, value }) => {
        const column = this.column(property);
        return `${quoted(column.databaseName)} ${comparison} ${this.place(values, column, value)}`;
      }),
    ];
    const { from, order, limit, lock } = selection;
    const direction = order?.descending ? 'DESC' : 'ASC';
    if (from) {
      const column = this.column(from.property);
      const row = `(${this.place(values, column, from.value)}, ${this.place(values, this.column('id'), from.id)})`;
      const side = direction === 'DESC' ? '<' : '>';
      conditions.push(`(${quoted(column.databaseName)}, id) ${side} ${row}`);
    }
    const filter = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
    const first = order && order.property !== 'id' ? this.column(order.property) : null;
    const by = first ? `${quoted(first.databaseName)} ${direction}, ` : '';
    const bound = limit === undefined ? '' : ` LIMIT ${this.parameter(values, limit)}`;
    const sorted = order ? ` ORDER BY ${by}id ${direction}` : '';
    const hold = lock ? LOCKS[lock] : '';
    return {
      sql: `SELECT ${this.list} FROM ${this.table}${filter}${sorted}${bound}${hold}`,
      values,
    };
  }

  /** The record that a row is. */
  read(row: Readonly<Record<string, unknown>>): E {
    const record = this.metadata.create() as Record<string, unknown>;
    for (const [property, column] of this.columns) {
      const value = row[column.databaseName] ?? null;
      record[property] = this.dataSource.driver.prepareHydratedValue(value, column) as unknown;
    }
    return record as E;
  }

  private conditions(values: unknown[], where: Where<E>): string[] {
    return Object.entries(where).map(([property, wanted]) => {
      const column = this.column(property);
      const name = quoted(column.databaseName);
      if (wanted === null || wanted === undefined) return `${name} IS NULL`;
      if (!Array.isArray(wanted) || column.isArray) {
        return `${name} = ${this.place(values, column, wanted)}`;
      }
      const items = wanted.map((item: unknown) => this.onTheWire(column, item));
      return `${name} = ANY(${this.parameter(values, items)})`;
    });
  }

  private alternatives(values: unknown[], list: readonly Where<E>[]): string {
    const any = list.map((where) => `(${this.conditions(values, where).join(' AND ') || 'true'})`);
    return any.length > 0 ? `(${any.join(' OR ')})` : 'false';
  }

  private column(property: string): ColumnMetadata {
    const column = this.columns.get(property);
    if (!column) throw new Error(`${this.metadata.name} has no column ${property}.`);
    return column;
  }

  private place(values: unknown[], column: ColumnMetadata, value: unknown): string {
    return this.parameter(values, this.onTheWire(column, value));
  }

  private parameter(values: unknown[], value: unknown): string {
    values.push(value);
    return `$${values.length}`;
  }

  private onTheWire(column: ColumnMetadata, value: unknown): unknown {
    return this.dataSource.driver.preparePersistentValue(value ?? null, column) as unknown;
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
