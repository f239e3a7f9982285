import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

/** Events, their deliveries, schedules, idempotency keys: what every addon stands on. */
export class Foundation implements MigrationInterface {
  readonly name = 'Foundation0001';

  async up(runner: QueryRunner): Promise<void> {
    await createCompanies(runner);
    await createEvents(runner);
    await createDeliveries(runner);
    await createSchedules(runner);
    await createIdempotency(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION kernel_take_pending(integer)',
      'DROP FUNCTION kernel_ensure_event_partitions()',
      'DROP TABLE kernel_idempotency, kernel_schedule_run, kernel_delivery, kernel_event_pending',
      'DROP TABLE kernel_event',
      'DROP FUNCTION kernel_refuse_change()',
      'DROP TABLE kernel_company',
    ]);
  }
}

/** Only ids: what a company is called is business, and stands in `base_company`. */
async function createCompanies(runner: QueryRunner): Promise<void> {
  await run(runner, [
    'CREATE TABLE kernel_company (id uuid PRIMARY KEY, created_at timestamptz(3) NOT NULL)',
    'GRANT SELECT, INSERT ON kernel_company TO ofitec_app',
    'GRANT SELECT ON kernel_company TO ofitec_readonly',
  ]);
}

async function createEvents(runner: QueryRunner): Promise<void> {
  await run(runner, [
    `CREATE TABLE kernel_event (
       id uuid NOT NULL,
       company_id uuid NOT NULL REFERENCES kernel_company,
       created_at timestamptz(3) NOT NULL,
       action text NOT NULL,
       schema_version integer NOT NULL,
       actor_id uuid,
       actor_login text NOT NULL,
       actor_roles text[] NOT NULL,
       ip text,
       request_id text NOT NULL,
       subject_type text NOT NULL,
       subject_id uuid NOT NULL,
       subject_label text NOT NULL,
       changes jsonb NOT NULL,
       reason text,
       payload jsonb NOT NULL,
       transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
       PRIMARY KEY (created_at, id)
     ) PARTITION BY RANGE (created_at)`,
    'CREATE INDEX kernel_event_by_subject ON kernel_event (company_id, subject_type, subject_id, created_at, id)',
    'CREATE INDEX kernel_event_by_time ON kernel_event (company_id, created_at, id)',
    'CREATE INDEX kernel_event_by_id ON kernel_event (id)',
    `CREATE FUNCTION kernel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = 'restrict_violation'; END $$`,
    `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON kernel_event
       FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()`,
    `CREATE TRIGGER never_emptied BEFORE TRUNCATE ON kernel_event
       FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change()`,
    'CREATE TABLE kernel_event_default PARTITION OF kernel_event DEFAULT',
    `CREATE FUNCTION kernel_ensure_event_partitions() RETURNS void
       LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
       DECLARE first date;
       BEGIN
         FOR month IN 0..2 LOOP
           first := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => month);
           EXECUTE format(
             'CREATE TABLE IF NOT EXISTS kernel_event_%s PARTITION OF kernel_event FOR VALUES FROM (%L) TO (%L)',
             to_char(first, 'YYYYMM'), first::timestamp AT TIME ZONE 'UTC',
             (first + interval '1 month') AT TIME ZONE 'UTC');
         END LOOP;
       END $$`,
    'SELECT kernel_ensure_event_partitions()',
  ]);
  await isolateCompanies(runner, 'kernel_event', 'SELECT, INSERT');
  await openDoor(runner, 'kernel_ensure_event_partitions()');
}

async function createDeliveries(runner: QueryRunner): Promise<void> {
  await run(runner, [
    `CREATE TABLE kernel_event_pending (
       event_id uuid PRIMARY KEY,
       company_id uuid NOT NULL,
       action text NOT NULL,
       created_at timestamptz(3) NOT NULL
     )`,
    `CREATE FUNCTION kernel_take_pending(up_to integer)
       RETURNS TABLE (event_id uuid, company_id uuid, action text, created_at timestamptz)
       LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
         DELETE FROM kernel_event_pending p USING (
           SELECT event_id FROM kernel_event_pending ORDER BY event_id LIMIT up_to
           FOR UPDATE SKIP LOCKED
         ) taken
         WHERE p.event_id = taken.event_id
         RETURNING p.event_id, p.company_id, p.action, p.created_at
       $$`,
    `CREATE TABLE kernel_delivery (
       event_id uuid NOT NULL,
       handler text NOT NULL,
       company_id uuid NOT NULL,
       delivered_at timestamptz(3) NOT NULL,
       PRIMARY KEY (event_id, handler)
     )`,
    'CREATE INDEX kernel_delivery_by_time ON kernel_delivery (company_id, delivered_at)',
  ]);
  await isolateCompanies(runner, 'kernel_event_pending', 'INSERT');
  await isolateCompanies(runner, 'kernel_delivery', 'SELECT, INSERT, DELETE');
  await openDoor(runner, 'kernel_take_pending(integer)');
}

async function createSchedules(runner: QueryRunner): Promise<void> {
  await run(runner, [
    `CREATE TABLE kernel_schedule_run (
       name text NOT NULL,
       due_at timestamptz(3) NOT NULL,
       node text NOT NULL,
       started_at timestamptz(3) NOT NULL,
       finished_at timestamptz(3),
       error text,
       PRIMARY KEY (name, due_at)
     )`,
    'GRANT SELECT, INSERT, UPDATE, DELETE ON kernel_schedule_run TO ofitec_app',
    'GRANT SELECT ON kernel_schedule_run TO ofitec_readonly',
  ]);
}

async function createIdempotency(runner: QueryRunner): Promise<void> {
  await run(runner, [
    `CREATE TABLE kernel_idempotency (
       company_id uuid NOT NULL,
       actor_id uuid NOT NULL,
       route text NOT NULL,
       key text NOT NULL,
       fingerprint text NOT NULL,
       status integer NOT NULL,
       body json NOT NULL,
       created_at timestamptz(3) NOT NULL,
       replays integer NOT NULL DEFAULT 0,
       PRIMARY KEY (company_id, actor_id, route, key)
     )`,
    'CREATE INDEX kernel_idempotency_by_time ON kernel_idempotency (company_id, created_at)',
  ]);
  await isolateCompanies(runner, 'kernel_idempotency', 'SELECT, INSERT, UPDATE, DELETE');
}
