import { SEVERITIES } from '#kernel';
import type { CommandReport } from '#kernel';
import type { Late, SeenAlert } from './check.reading.js';

/** What monitoring plugins end with, by name. */
export const EXIT = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;
type Status = keyof typeof EXIT;

/** Everything the check has found out. */
export interface Findings {
  readonly now: Date;
  readonly minutes: number;
  /** Why the database could not be read, or null. */
  readonly database: { readonly status: 'down' | 'unknown'; readonly why: string } | null;
  readonly alerts: readonly SeenAlert[];
  readonly late: readonly Late[];
}

/**
 * What it comes to. Counted is what goes on: open, acknowledged but seen within the time, or waiting
 * in the spool. What is silenced or resolved is told and not counted.
 */
export function verdictOn(findings: Findings): CommandReport {
  const { now, minutes, database, late } = findings;
  const since = now.getTime() - minutes * 60_000;
  const alerts = [...findings.alerts].sort(worstFirst);
  const counted = alerts.filter((alert) => counts(alert, since));
  const count = (severity: string): number =>
    counted.filter((alert) => alert.severity === severity).length;
  const tally = { critical: count('critical'), warning: count('warning'), info: count('info') };
  const status = statusOf(findings, tally);
  const numbers = `${tally.critical} critical, ${tally.warning} warning, ${tally.info} info`;
  const asides = [
    ...(database ? [`DATABASE ${database.status.toUpperCase()}: ${database.why}`] : []),
    ...(late.length > 0 ? [`${late.length} late heartbeats that no worker has judged`] : []),
  ];
  const head = [`OFITEC ALERTS ${status} - ${numbers} in ${minutes} min`, ...asides].join('; ');
  const data = Object.entries({ ...tally, late: late.length }).map(([k, v]) => `${k}=${v}`);
  return {
    exitCode: EXIT[status],
    // The first line, with the numbers behind the bar, is what a monitoring system shows.
    lines: [`${head} | ${data.join(' ')}`, ...tableOf(alerts), ...late.map(lineOf)],
    json: {
      ...{ status, exitCode: EXIT[status], minutes, counts: tally },
      database: database ?? { status: 'answers' },
      alerts,
      late,
    },
  };
}

function statusOf(
  { database, late }: Findings,
  { critical, warning }: { readonly critical: number; readonly warning: number },
): Status {
  if (critical > 0 || late.length > 0 || database?.status === 'down') return 'CRITICAL';
  if (database) return 'UNKNOWN';
  return warning > 0 ? 'WARNING' : 'OK';
}

function counts({ state, lastSeenAt }: SeenAlert, since: number): boolean {
  if (state === 'open' || state === 'spooled') return true;
  return state === 'acknowledged' && lastSeenAt.getTime() >= since;
}

function worstFirst(a: SeenAlert, b: SeenAlert): number {
  const graver = SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity);
  return graver || b.lastSeenAt.getTime() - a.lastSeenAt.getTime();
}

function tableOf(alerts: readonly SeenAlert[]): string[] {
  if (alerts.length === 0) return [];
  const rows = alerts.map((alert) => [
    alert.severity,
    alert.state,
    alert.type,
    stamp(alert.openedAt),
    stamp(alert.lastSeenAt),
    String(alert.occurrences),
    alert.label,
  ]);
  const table = [['severity', 'state', 'type', 'since', 'last seen', 'times', 'about'], ...rows];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function lineOf({ name, dueAt }: Late): string {
  return `late      heartbeat ${name}, due ${stamp(dueAt)}`;
}

/** UTC to the second: a machine's clock is compared with logs, not with a shop's day. */
function stamp(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}
