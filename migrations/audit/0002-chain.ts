import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

/**
 * The seal of the event log: blocks of events, each over the one before it. A block lies beside
 * the events and never locks those who write them. Rows are only ever added, also by the owner.
 *
 * The index is a BRIN: it costs a payment nothing to speak of, and events lie on disk nearly in the
 * order of their transactions. `xid8` has no BRIN operators, hence the cast.
 */
export class Chain implements MigrationInterface {
  readonly name = 'Chain0002';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE TABLE audit_block (
         company_id uuid NOT NULL REFERENCES kernel_company,
         number bigint NOT NULL CHECK (number > 0),
         sealed_at timestamptz(3) NOT NULL,
         last_transaction_id bigint NOT NULL,
         last_event_id uuid NOT NULL,
         events integer NOT NULL CHECK (events > 0),
         leaves bytea NOT NULL CHECK (length(leaves) = 48 * events),
         previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
         hash bytea NOT NULL CHECK (length(hash) = 32),
         PRIMARY KEY (company_id, number)
       )`,
      `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_block
         FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()`,
      `CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_block
         FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change()`,
      `CREATE INDEX kernel_event_by_transaction ON kernel_event
         USING brin (((transaction_id::text)::bigint)) WITH (autosummarize = on)`,
      // Under a policy PostgreSQL would not use the index: the cast is not proof against leaks.
      `CREATE FUNCTION audit_events_after(after_transaction bigint, after_event uuid,
           until_transaction bigint, up_to integer) RETURNS SETOF kernel_event
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
           SELECT * FROM kernel_event
           WHERE company_id = nullif(current_setting('ofitec.company_id', true), '')::uuid
             AND (transaction_id::text)::bigint >= after_transaction
             AND (transaction_id::text)::bigint <= until_transaction
             AND ((transaction_id::text)::bigint, id) > (after_transaction, after_event)
           ORDER BY (transaction_id::text)::bigint, id LIMIT up_to
         $$`,
    ]);
    await openDoor(runner, 'audit_events_after(bigint, uuid, bigint, integer)');
    await isolateCompanies(runner, 'audit_block', 'SELECT, INSERT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION audit_events_after(bigint, uuid, bigint, integer)',
      'DROP INDEX kernel_event_by_transaction',
      'DROP TABLE audit_block',
    ]);
  }
}
