import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

/** Alerts, who is told of them, heartbeats, and the doors of pings and of the worker's round. */
export class Alerts implements MigrationInterface {
  readonly name = 'Alerts0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      ...[ALERT, SUBSCRIPTION, NOTICE, NOTIFICATION, HEARTBEAT, SOURCE, SPOOLED],
      ...INDEXES,
      ...DOORS,
    ]);
    const records = 'SELECT, INSERT, UPDATE';
    for (const table of TABLES) await isolateCompanies(runner, table, records);
    await isolateCompanies(runner, 'operational_alerts_spooled', 'SELECT, INSERT, DELETE');
    await run(runner, [
      `GRANT DELETE ON operational_alerts_alert, operational_alerts_notice,
         operational_alerts_notification TO ofitec_app`,
      // The read-only role reads reports, not what proves or opens something.
      'REVOKE SELECT ON operational_alerts_subscription, operational_alerts_heartbeat FROM ofitec_readonly',
      'REVOKE SELECT ON operational_alerts_source FROM ofitec_readonly',
    ]);
    for (const signature of DOOR_SIGNATURES) await openDoor(runner, signature);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      ...DOOR_SIGNATURES.map((signature) => `DROP FUNCTION ${signature}`),
      'DROP TABLE operational_alerts_spooled',
      `DROP TABLE ${[...TABLES].reverse().join(', ')}`,
    ]);
  }
}

const TABLES = [
  'operational_alerts_alert',
  'operational_alerts_subscription',
  'operational_alerts_notice',
  'operational_alerts_notification',
  'operational_alerts_heartbeat',
  'operational_alerts_source',
];

const RECORD = `id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL`;

const ALERT = `CREATE TABLE operational_alerts_alert (
  ${RECORD},
  type text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  scope text NOT NULL CHECK (scope IN ('company', 'installation')),
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'silenced', 'resolved')),
  label text NOT NULL,
  details jsonb NOT NULL,
  causes jsonb NOT NULL,
  occurrences integer NOT NULL CHECK (occurrences > 0),
  regressions integer NOT NULL,
  good_signs integer NOT NULL,
  first_seen_at timestamptz(3) NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  opened_at timestamptz(3) NOT NULL,
  acknowledged_at timestamptz(3),
  acknowledged_by uuid,
  silenced_until timestamptz(3),
  resolved_at timestamptz(3),
  resolved_by uuid,
  reason text,
  wakes_at timestamptz(3),
  UNIQUE (company_id, id),
  CONSTRAINT operational_alerts_alert_fingerprint_key UNIQUE (company_id, fingerprint),
  CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
  CHECK ((state = 'silenced') = (silenced_until IS NOT NULL)),
  CHECK (state <> 'silenced' OR reason IS NOT NULL)
)`;

const SUBSCRIPTION = `CREATE TABLE operational_alerts_subscription (
  ${RECORD},
  name text NOT NULL,
  active boolean NOT NULL,
  channel text NOT NULL CHECK (channel IN ('webhook', 'email', 'alertmanager')),
  address text NOT NULL,
  sealed_secret text,
  language text NOT NULL CHECK (language IN ('es', 'en')),
  least_severity text NOT NULL CHECK (least_severity IN ('info', 'warning', 'critical')),
  types text[] NOT NULL,
  group_wait_seconds integer NOT NULL,
  repeat_minutes integer NOT NULL,
  quiet_from text,
  quiet_until text,
  quiet_below text CHECK (quiet_below IN ('warning', 'critical')),
  after_unacknowledged_minutes integer NOT NULL,
  last_sent_at timestamptz(3),
  UNIQUE (company_id, id),
  CONSTRAINT operational_alerts_subscription_name_key UNIQUE (company_id, name),
  CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
)`;

const NOTICE = `CREATE TABLE operational_alerts_notice (
  ${RECORD},
  alert_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'told', 'muted', 'idle')),
  next_at timestamptz(3),
  told_at timestamptz(3),
  UNIQUE (company_id, alert_id, subscription_id),
  FOREIGN KEY (company_id, alert_id) REFERENCES operational_alerts_alert (company_id, id),
  FOREIGN KEY (company_id, subscription_id) REFERENCES operational_alerts_subscription (company_id, id)
)`;

const NOTIFICATION = `CREATE TABLE operational_alerts_notification (
  ${RECORD},
  subscription_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'failing', 'sent', 'dropped')),
  items jsonb NOT NULL,
  more integer NOT NULL,
  attempts integer NOT NULL,
  sent_at timestamptz(3),
  last_error text,
  FOREIGN KEY (company_id, subscription_id) REFERENCES operational_alerts_subscription (company_id, id)
)`;

const HEARTBEAT = `CREATE TABLE operational_alerts_heartbeat (
  ${RECORD},
  name text NOT NULL,
  source text NOT NULL CHECK (source IN ('ping', 'event', 'schedule', 'worker')),
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  state text NOT NULL CHECK (state IN ('new', 'up', 'down', 'paused')),
  every_seconds integer,
  by_time text,
  by_days integer[],
  skips_holidays boolean NOT NULL,
  closed_days text[] NOT NULL,
  grace_seconds integer NOT NULL,
  event_name text,
  match jsonb NOT NULL,
  token_hash text CONSTRAINT operational_alerts_heartbeat_token_key UNIQUE,
  last_seen_at timestamptz(3),
  since_at timestamptz(3),
  due_at timestamptz(3),
  UNIQUE (company_id, id),
  CONSTRAINT operational_alerts_heartbeat_name_key UNIQUE (company_id, name),
  CHECK (num_nonnulls(every_seconds, by_time) = 1),
  CHECK ((by_time IS NULL) = (by_days IS NULL)),
  CHECK ((source IN ('event', 'schedule')) = (event_name IS NOT NULL)),
  CHECK ((source = 'ping') = (token_hash IS NOT NULL)),
  CHECK (state <> 'paused' OR due_at IS NULL)
)`;

const SOURCE = `CREATE TABLE operational_alerts_source (
  ${RECORD},
  name text NOT NULL,
  active boolean NOT NULL,
  types text[] NOT NULL,
  token_hash text NOT NULL CONSTRAINT operational_alerts_source_token_key UNIQUE,
  CONSTRAINT operational_alerts_source_name_key UNIQUE (company_id, name)
)`;

// What came from a spool, so that it comes once, however often a file is read.
const SPOOLED = `CREATE TABLE operational_alerts_spooled (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL
)`;

const INDEXES = [
  'CREATE INDEX operational_alerts_alert_by_seen ON operational_alerts_alert (company_id, last_seen_at, id)',
  'CREATE INDEX operational_alerts_alert_by_time ON operational_alerts_alert (company_id, created_at, id)',
  ...['type', 'key', 'state', 'severity', 'scope'].map(
    (column) => `CREATE INDEX operational_alerts_alert_by_${column}
      ON operational_alerts_alert (company_id, ${column}, last_seen_at, id)`,
  ),
  'CREATE INDEX operational_alerts_alert_by_wake ON operational_alerts_alert (wakes_at) WHERE wakes_at IS NOT NULL',
  'CREATE INDEX operational_alerts_notice_by_due ON operational_alerts_notice (next_at) WHERE next_at IS NOT NULL',
  'CREATE INDEX operational_alerts_notice_by_subscription ON operational_alerts_notice (company_id, subscription_id, next_at)',
  'CREATE INDEX operational_alerts_notification_by_time ON operational_alerts_notification (company_id, created_at, id)',
  ...['subscription_id', 'state'].map(
    (column) => `CREATE INDEX operational_alerts_notification_by_${column}
      ON operational_alerts_notification (company_id, ${column}, created_at, id)`,
  ),
  'CREATE INDEX operational_alerts_heartbeat_by_due ON operational_alerts_heartbeat (due_at) WHERE due_at IS NOT NULL',
  'CREATE INDEX operational_alerts_spooled_by_time ON operational_alerts_spooled (company_id, created_at)',
];

const DOOR_SIGNATURES = [
  'operational_alerts_due(timestamptz)',
  'operational_alerts_find_heartbeat(text)',
  'operational_alerts_find_source(text)',
];

const DOORS = [
  // Ids of companies only: the round then works in each of them, under its policy.
  `CREATE FUNCTION operational_alerts_due(at timestamptz) RETURNS TABLE (company_id uuid)
     LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
       SELECT company_id FROM operational_alerts_notice WHERE next_at <= at
       UNION SELECT company_id FROM operational_alerts_alert WHERE wakes_at <= at
       UNION SELECT company_id FROM operational_alerts_heartbeat WHERE due_at <= at
     $$`,
  `CREATE FUNCTION operational_alerts_find_heartbeat(wanted text)
     RETURNS TABLE (id uuid, company_id uuid, name text)
     LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
       SELECT h.id, h.company_id, h.name FROM operational_alerts_heartbeat h WHERE h.token_hash = wanted
     $$`,
  `CREATE FUNCTION operational_alerts_find_source(wanted text)
     RETURNS TABLE (id uuid, company_id uuid, name text)
     LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
       SELECT s.id, s.company_id, s.name FROM operational_alerts_source s
       WHERE s.token_hash = wanted AND s.active
     $$`,
];
