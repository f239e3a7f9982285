import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/**
 * What an event says may be taken out, and the seal over it stays: a chance that is sealed with the event
 * and leaves with it, so that a RUT is not found by trying all of them. And the log's triggers know doors
 * (functions that open `ofitec.log_door` while they work), each of which takes out one thing for one reason.
 */
export class Withdrawal implements MigrationInterface {
  readonly name = 'Withdrawal0006';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      // Events that are there have none: a default in the same step would write the whole log anew.
      'ALTER TABLE kernel_event ADD COLUMN salt uuid',
      'ALTER TABLE kernel_event ALTER COLUMN salt SET DEFAULT gen_random_uuid()',
      `CREATE OR REPLACE FUNCTION kernel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
           IF TG_OP <> 'TRUNCATE' AND current_setting('ofitec.log_door', true) = 'open' THEN
             RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
           END IF;
           RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = 'restrict_violation';
         END $$`,
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE OR REPLACE FUNCTION kernel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = 'restrict_violation'; END $$`,
      'ALTER TABLE kernel_event DROP COLUMN salt',
    ]);
  }
}
