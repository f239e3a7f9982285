import type { MigrationInterface, QueryRunner } from 'typeorm';
import { openDoor, run } from '../sql.js';

/**
 * What readiness and metrics ask of the database: one row that a probe writes again and again, and
 * how much waits for the relay, of all companies together and nothing else of them.
 */
export class Watch implements MigrationInterface {
  readonly name = 'Watch0005';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE TABLE kernel_probe (
         id boolean PRIMARY KEY CHECK (id),
         written_at timestamptz(3) NOT NULL
       )`,
      'GRANT SELECT, INSERT, UPDATE ON kernel_probe TO ofitec_app',
      'GRANT SELECT ON kernel_probe TO ofitec_readonly',
      // Ids are UUIDv7, so that the first by id are the oldest; more than a bound is not counted.
      `CREATE FUNCTION kernel_pending_backlog(up_to integer)
         RETURNS TABLE (waiting integer, oldest_at timestamptz)
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
           SELECT count(*)::integer, min(p.created_at) FROM (
             SELECT created_at FROM kernel_event_pending ORDER BY event_id LIMIT up_to
           ) p
         $$`,
    ]);
    await openDoor(runner, 'kernel_pending_backlog(integer)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP FUNCTION kernel_pending_backlog(integer)', 'DROP TABLE kernel_probe']);
  }
}
