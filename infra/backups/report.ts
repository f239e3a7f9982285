/** Says what is being done, on the error stream: the result alone is on the output. */
export function progressTo(json: boolean | undefined): (line: string) => void {
  let last = '';
  return (line) => {
    if (json === true || line === last) return;
    last = line;
    process.stderr.write(`${line}\n`);
  };
}

/** Bytes for people. */
export function sizeOf(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1_000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
