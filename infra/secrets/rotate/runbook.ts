import * as fs from 'node:fs';
import type { Journal } from './journal.js';

/** Adds the entry of a rotation to the runbook, once; it names no value. */
export function addEntry(file: string | null, journal: Journal): void {
  if (file === null) return;
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8').includes(journal.id)) return;
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
    fs.writeSync(handle, `${line}\n`);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
