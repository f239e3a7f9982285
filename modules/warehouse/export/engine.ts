import type { ReportQuery } from '../report/queries.js';
import { VAULT_TABLES } from '../vault/tables.js';

/**
 * Makes DuckDB know the exported files by the names that the tables have in PostgreSQL; to be read in
 * the folder of the export.
 */
export const SCHEMA_SQL = [
  '-- DuckDB, in this folder: duckdb -init schema.sql',
  ...VAULT_TABLES.map(
    (table) => `CREATE VIEW warehouse_${table} AS
  SELECT * FROM read_parquet('${table}/company=*/month=*/*.parquet', hive_partitioning = false);`,
  ),
  '',
].join('\n');

/** A report's statement as a file: the very text that PostgreSQL answers. */
export function reportFile({ summary, sql }: ReportQuery): string {
  return `-- ${summary}
-- $1 company, $2 generation (both in manifest.json), $3 as of which instant, $4 and $5 first and last day
-- (YYYY-MM-DD) or month (YYYYMM), $6 one branch or null, $7 and $8 the key of the row behind which to go on,
-- or nulls, $9 rows at most
${sql}
`;
}
