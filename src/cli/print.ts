import type { CommandReport } from '#kernel';

/** Prints a result for a script (`--json`) or as aligned lines for a person. */
export function print(result: Readonly<Record<string, unknown>>, json: boolean): void {
  if (json) return writeLines([JSON.stringify(result, null, 2)]);
  const width = Math.max(...Object.keys(result).map((name) => name.length));
  return writeLines(
    Object.entries(result).flatMap(([name, value]) =>
      Array.isArray(value) && value.length > 0
        ? [name, ...linesOf(value as readonly unknown[]).map((line) => `  ${line}`)]
        : [`${name.padEnd(width)}  ${String(value)}`],
    ),
  );
}

/** Prints what a command says that runs without the application. */
export function printReport(report: CommandReport, json: boolean): void {
  writeLines(json ? [JSON.stringify(report.json, null, 2)] : report.lines);
}

/** Prints rows as an aligned table, or as JSON. */
export function printTable(rows: readonly Readonly<Record<string, string>>[], json: boolean): void {
  if (json) return writeLines([JSON.stringify(rows, null, 2)]);
  return writeLines(tableOf(rows));
}

/** A line for each item: a table where they have members, else what they say. */
function linesOf(items: readonly unknown[]): string[] {
  const rows = items.filter((item) => typeof item === 'object' && item !== null);
  if (rows.length < items.length) return items.map(String);
  return tableOf(
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]: [string, unknown]) => [name, textOf(value)]),
      ),
    ),
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function tableOf(rows: readonly Readonly<Record<string, string>>[]): string[] {
  const columns = Object.keys(rows[0] ?? {});
  const widths = columns.map((column) =>
    Math.max(column.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(columns), ...rows.map((row) => line(columns.map((c) => row[c] ?? '')))];
}

function writeLines(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
