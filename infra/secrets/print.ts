/** The result as JSON, or the lines for a person. */
export function print(result: unknown, lines: readonly string[], json: boolean | undefined): void {
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : lines.join('\n')}\n`);
}

/** Rows under one another. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, n) => Math.max(known[n] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, n) => cell.padEnd((widths[n] ?? 0) + 2))
      .join('')
      .trimEnd(),
  );
}
