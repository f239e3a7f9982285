import { clientTo } from '#kernel';
import type { Severity } from '#kernel';
import type { AlertState } from '../alert/alert.entity.js';

const CONNECT_MS = 3_000;
const ANSWER_MS = 10_000;
const MAX_ROWS = 500;
/** A live worker judges what is late within a second or, of what it looks up, a minute. */
const UNJUDGED_SECONDS = 120;

/** An alert as the check sees it. */
export interface SeenAlert {
  readonly companyId: string | null;
  readonly type: string;
  readonly key: string;
  readonly severity: Severity;
  readonly state: AlertState | 'spooled';
  readonly label: string;
  readonly occurrences: number;
  readonly openedAt: Date;
  readonly lastSeenAt: Date;
}

/** A heartbeat that is late although no worker has said so. */
export interface Late {
  readonly companyId: string;
  readonly name: string;
  readonly dueAt: Date;
}

export interface Reading {
  readonly alerts: readonly SeenAlert[];
  readonly late: readonly Late[];
}

/** The database is there, but not the tables: the check cannot know. */
export class NotInstalled extends Error {}

const ALERTS = `SELECT type, key, severity, state, label, occurrences, opened_at AS "openedAt",
    last_seen_at AS "lastSeenAt"
  FROM operational_alerts_alert
  WHERE state <> 'resolved' OR last_seen_at >= $1 OR resolved_at >= $1
  ORDER BY last_seen_at DESC LIMIT ${MAX_ROWS}`;

const LATE = `SELECT name, due_at AS "dueAt" FROM operational_alerts_heartbeat
  WHERE due_at < now() - make_interval(secs => ${UNJUDGED_SECONDS}) ORDER BY due_at LIMIT ${MAX_ROWS}`;

/**
 * Reads what every company has, over a connection of its own with short timeouts: the application
 * need not run, and a database that hangs is told from one that answers.
 *
 * @throws NotInstalled, or Error while the database does not answer
 */
export async function readAlerts(url: string, since: Date): Promise<Reading> {
  const client = clientTo(url, {
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    application_name: 'ofitec alerts check',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows: known } = await client.query<{ there: boolean }>(
      `SELECT to_regclass('operational_alerts_alert') IS NOT NULL AS there`,
    );
    if (!known[0]?.there) throw new NotInstalled('operational-alerts is not installed here');
    const { rows: companies } = await client.query<{ id: string }>(
      'SELECT id FROM kernel_company ORDER BY created_at, id',
    );
    const alerts: SeenAlert[] = [];
    const late: Late[] = [];
    for (const { id: companyId } of companies) {
      await client.query("SELECT set_config('ofitec.company_id', $1, false)", [companyId]);
      const found = await client.query<Omit<SeenAlert, 'companyId'>>(ALERTS, [since]);
      alerts.push(...found.rows.map((row) => ({ ...row, companyId })));
      const silent = await client.query<Omit<Late, 'companyId'>>(LATE);
      late.push(...silent.rows.map((row) => ({ ...row, companyId })));
    }
    return { alerts, late };
  } finally {
    await client.end().catch(() => undefined);
  }
}
