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

/** Adds a line that survives a crash of the host. @throws Error when the file cannot be written */
export function appendAudit(file: string | null, line: AuditLine): void {
  if (file === null) return;
  const handle = openSync(file, 'a', 0o640);
  try {
    writeSync(handle, `${JSON.stringify(line)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** One line of JSON to standard output, as the journal of a systemd unit keeps it. */
export function log(level: 'info' | 'warn' | 'error', message: string, facts: object = {}): void {
  const line = { time: new Date().toISOString(), level, logger: 'failover', message, ...facts };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
