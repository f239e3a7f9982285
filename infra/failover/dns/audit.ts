import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** One change of DNS, or the attempt at one. */
export interface AuditLine {
  readonly at: string;
  /** The decider, or the person's host. */
  readonly by: string;
  readonly action: 'flip' | 'fence' | 'manual';
  readonly record: string;
  readonly from: string | null;
  readonly to: string;
  readonly epoch: number;
  readonly overEpoch: number | null;
  readonly outcome: 'written' | 'refused' | 'unknown' | 'expired' | 'dry-run';
  /** Authoritative servers that show the change, and those that did not in time. */
  readonly shownBy: readonly string[];
  readonly missingAt: readonly string[];
  readonly reason: string;
  readonly tookMs: number;
}

/** Says a change on standard output and adds it to the file, where it survives a crash of the host. */
export function recordChange(file: string | null, line: AuditLine, error?: string): void {
  const level = line.outcome === 'written' || line.outcome === 'dry-run' ? 'info' : 'error';
  log(level, `${line.action}: ${line.outcome}`, { audit: line, ...(error ? { error } : {}) });
  if (file === null) return;
  try {
    append(file, JSON.stringify(line));
  } catch (caught) {
    // DNS has changed already; what follows must still be done.
    log('error', 'the audit line could not be kept', { file, error: String(caught) });
  }
}

function append(file: string, line: string): void {
  const handle = openSync(file, 'a', 0o640);
  try {
    writeSync(handle, `${line}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

let stream: NodeJS.WriteStream = process.stdout;

/** From now on what is told goes to standard error: standard output is a command's answer, which may be JSON. */
export function answerAlone(): void {
  stream = process.stderr;
}

/** One line of JSON to standard output, as the journal of a systemd unit keeps it. */
export function log(level: 'info' | 'warn' | 'error', message: string, facts: object = {}): void {
  const line = { time: new Date().toISOString(), level, logger: 'failover', message, ...facts };
  stream.write(`${JSON.stringify(line)}\n`);
}
