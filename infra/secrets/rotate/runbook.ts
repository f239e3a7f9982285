import * as fs from 'node:fs';
import type { Journal } from './journal.js';

/** Finds out before a rotation whether it can be told of. @throws Error that names the file */
export function demandRunbook(file: string | null): void {
  if (file === null) return;
  try {
    fs.closeSync(fs.openSync(file, 'a', 0o640));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`The runbook ${file} cannot be written (${code}): nothing was begun.`, {
      cause: error,
    });
  }
}

/** Adds the entry of a rotation to the runbook, once; it names no value. */
export function addEntry(file: string | null, journal: Journal): void {
  if (file === null) return;
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  const lines = text.split('\n');
  // Of a program that was killed while it wrote there may be half a line.
  const half = lines.pop() ?? '';
  if (lines.some((line) => line.includes(journal.id))) return;
  const notes = Object.entries(journal.notes).map(([name, value]) => `${name} ${value}`);
  const line = [
    `- ${new Date().toISOString()}`,
    `${journal.secret}: ${journal.from} → ${journal.to}`,
    journal.state === 'ABORTED' ? 'aborted' : 'done',
    `rotation ${journal.id}, begun ${journal.startedAt} by ${journal.by}`,
    ...notes,
  ].join('; ');
  const handle = fs.openSync(file, 'a', 0o640);
  try {
    fs.writeSync(handle, `${half === '' ? '' : '\n'}${line}\n`);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
