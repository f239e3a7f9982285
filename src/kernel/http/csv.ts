import { stringify } from 'csv-stringify/sync';

export const CSV_TYPE = 'text/csv; charset=utf-8';

/**
 * Where a spreadsheet may see the start of a cell, and a formula there: also after a semicolon or
 * a line end inside a cell, since the Spanish Excel splits at semicolons and then takes no notice
 * of quotes in the middle.
 */
const FORMULA_WITHIN = /([;\t\r\n])(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

/**
 * Rows as CSV (RFC 4180). A text that a spreadsheet would run as a formula gets a quote before it;
 * a number is a number, also a negative one.
 */
export function toCsv(rows: readonly (readonly unknown[])[]): string {
  const safe = rows.map((row) =>
    row.map((cell) => (typeof cell === 'string' ? cell.replace(FORMULA_WITHIN, "$1'") : cell)),
  );
  return stringify(safe, {
    escape_formulas: true,
    record_delimiter: 'windows',
    // Not implied once the delimiter is said: a bare line end in a cell would begin a row.
    quote_record_delimiter: true,
  });
}
