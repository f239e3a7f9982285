import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { columnsOf } from '../vault/tables.js';
import type { ColumnType, VaultTable } from '../vault/tables.js';

type Schema = ParquetWriter['schema'];
type SchemaElement = Schema[number];

/** A cell as PostgreSQL gives it: days and bigints as text. */
type Cell = string | number | boolean | Date | null;

/** A row of a table of the vault, by column. */
export type ExportedRow = Readonly<Record<string, Cell>>;

/** Columns of every exported table, in their order: where the row belongs, what it says, where it is from. */
export function exportedColumns(table: VaultTable): readonly (readonly [string, ColumnType])[] {
  return [
    ['company_id', 'uuid'],
    ['generation', 'integer'],
    ...columnsOf(table),
    ['loaded_at', 'timestamptz'],
  ];
}

/** Whole pesos are INT64 and instants UTC, in milliseconds; nothing is a float. */
const TYPES: Readonly<Record<ColumnType, Omit<SchemaElement, 'name'>>> = {
  uuid: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  integer: { type: 'INT32' },
  bigint: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
  date: { type: 'INT32', converted_type: 'DATE' },
  timestamptz: {
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
};

/** One Parquet file of a table, written in pages. */
export class TableFile {
  rows = 0;
  private readonly columns: readonly (readonly [string, ColumnType])[];
  private readonly parquet: ParquetWriter;

  constructor(path: string, table: VaultTable) {
    this.columns = exportedColumns(table);
    const fields = this.columns.map(([name, type]): SchemaElement => ({
      name,
      repetition_type: 'OPTIONAL',
      ...TYPES[type],
    }));
    this.parquet = new ParquetWriter({
      writer: fileWriter(path),
      schema: [{ name: table, num_children: fields.length }, ...fields],
      createdBy: 'ofitec warehouse',
    });
  }

  async write(rows: readonly ExportedRow[]): Promise<void> {
    if (rows.length === 0) return;
    const columnData = this.columns.map(([name, type]) => ({
      name,
      data: rows.map((row) => valueOf(row[name] ?? null, type)),
    }));
    await this.parquet.write({ columnData, rowGroupSize: rows.length });
    this.rows += rows.length;
  }

  async finish(): Promise<void> {
    await this.parquet.finish();
  }
}

function valueOf(cell: Cell, type: ColumnType): unknown {
  if (cell === null) return null;
  if (type === 'bigint') return BigInt(String(cell));
  if (type === 'date') return new Date(`${String(cell)}T00:00:00Z`);
  return cell;
}
