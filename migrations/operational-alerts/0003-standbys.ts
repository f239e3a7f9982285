import type { MigrationInterface, QueryRunner } from 'typeorm';
import { openDoor, run } from '../sql.js';

/**
 * What the primary knows of its standbys. Only who has `pg_read_all_stats` sees how far they are; the
 * owner has it from `roles.sql`, the application does not, since it would see everybody's statements.
 */
export class Standbys implements MigrationInterface {
  readonly name = 'Standbys0003';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE FUNCTION operational_alerts_standbys()
         RETURNS TABLE (name text, state text, lag_seconds double precision, lag_bytes numeric)
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$
           SELECT application_name, state, extract(epoch FROM replay_lag)::double precision,
             CASE WHEN pg_is_in_recovery() THEN NULL
               ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) END
           FROM pg_stat_replication
         $$`,
    ]);
    await openDoor(runner, 'operational_alerts_standbys()');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP FUNCTION operational_alerts_standbys()']);
  }
}
