import type { Type } from '@nestjs/common';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { createDataSource } from '#kernel';

interface ColumnRow {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
}

const COLUMNS = `SELECT c.relname AS table, a.attname AS column,
    format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND a.attnum > 0 AND NOT a.attisdropped AND c.relname = ANY($1)`;

/** PostgreSQL's own type that TypeORM cannot name; the entity reads it as text. */
const UNNAMED_TYPES: Readonly<Record<string, string>> = {
  'kernel_event.transaction_id': 'xid8',
};

/**
 * Where entities and tables disagree: columns, types, nullability. Keys, indexes and checks are
 * hand-written SQL and stand in no entity.
 */
export async function driftBetween(ownerUrl: string, entities: readonly Type[]): Promise<string[]> {
  const dataSource = createDataSource({
    url: ownerUrl,
    entities,
    poolSize: 2,
    applicationName: 'drift',
  });
  await dataSource.initialize();
  try {
    const metadata = dataSource.entityMetadatas;
    const rows = await dataSource.query<ColumnRow[]>(COLUMNS, [metadata.map((m) => m.tableName)]);
    const said = metadata.flatMap((entity) =>
      entity.columns.map((column) => describe(entity.tableName, column)),
    );
    return [
      ...said.flatMap((column) => faultOf(column, rows)),
      ...rows
        .filter((row) => !said.some((s) => s.table === row.table && s.column === row.column))
        .map((row) => `${row.table}.${row.column} is in no entity`),
    ].sort();
  } finally {
    await dataSource.destroy();
  }
}

function faultOf(said: ColumnRow, rows: readonly ColumnRow[]): string[] {
  const name = `${said.table}.${said.column}`;
  const row = rows.find((each) => each.table === said.table && each.column === said.column);
  if (!row) return [`${name} is missing in the database`];
  if (row.type !== said.type) return [`${name} is ${row.type}, the entity says ${said.type}`];
  if (row.nullable === said.nullable) return [];
  return [`${name} is nullable in the ${row.nullable ? 'database' : 'entity'} only`];
}

function describe(table: string, column: ColumnMetadata): ColumnRow {
  const name = `${table}.${column.databaseName}`;
  const type = UNNAMED_TYPES[name] ?? typeOf(column);
  return { table, column: column.databaseName, type, nullable: column.isNullable };
}

function typeOf(column: ColumnMetadata): string {
  const array = column.isArray ? '[]' : '';
  if (column.type === 'timestamptz') return `timestamp(${column.precision}) with time zone`;
  if (column.type === 'numeric') return `numeric(${column.precision},${column.scale})`;
  return `${String(column.type)}${array}`;
}
