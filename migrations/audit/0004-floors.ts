import type { MigrationInterface, QueryRunner } from 'typeorm';
import { openDoor, run } from '../sql.js';

/**
 * The door by which single events leave the log holds to the floor of each event's class, whoever calls it.
 * Which class an event is of is what the owner recorded of the installed addons' manifests; the application
 * cannot write there, and an event that nobody declares is kept as long as tax papers.
 */
export class Floors implements MigrationInterface {
  readonly name = 'Floors0004';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [FLOORS, removeWithdrawn(DEMAND_FLOORS)]);
    await run(runner, ['REVOKE ALL ON FUNCTION audit_floors() FROM PUBLIC']);
    await openDoor(runner, 'audit_remove_withdrawn(uuid)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [removeWithdrawn(DEMAND_MONTH), 'DROP FUNCTION audit_floors()']);
  }
}

const COMPANY = `nullif(current_setting('ofitec.company_id', true), '')::uuid`;

/** Months for which events of an action are kept at least; what is not in it, 88. As in `retention.settings.ts`. */
const FLOORS = `CREATE FUNCTION audit_floors() RETURNS TABLE (action text, months integer)
  LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT said.key, max(CASE said.value WHEN 'security' THEN 12 WHEN 'personal' THEN 3
      WHEN 'technical' THEN 3 ELSE 88 END)
    FROM kernel_addon, jsonb_each_text(retention) AS said GROUP BY said.key
  $$`;

const DEMAND_FLOORS = `IF EXISTS (SELECT FROM kernel_event e JOIN audit_removed r USING (id)
      LEFT JOIN audit_floors() f ON f.action = e.action
    WHERE e.company_id = ${COMPANY}
      AND e.created_at > now() - make_interval(months => coalesce(f.months, 88))) THEN
  RAISE EXCEPTION 'events of this act are kept for longer by their class' USING ERRCODE = 'restrict_violation';
END IF`;

/** What the migration before said. */
const DEMAND_MONTH = `IF EXISTS (SELECT FROM kernel_event e JOIN audit_removed r USING (id)
    WHERE e.company_id = ${COMPANY} AND e.created_at > now() - interval '1 month') THEN
  RAISE EXCEPTION 'no event is removed within its first month' USING ERRCODE = 'restrict_violation';
END IF`;

function removeWithdrawn(demand: string): string {
  return `CREATE OR REPLACE FUNCTION audit_remove_withdrawn(act uuid) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
      DECLARE removed bigint;
      BEGIN
        CREATE TEMPORARY TABLE audit_removed ON COMMIT DROP AS
          SELECT encode(substr(entries, at * 48 + 1, 16), 'hex')::uuid AS id
          FROM audit_withdrawal, generate_series(0, length(entries) / 48 - 1) AS at
          WHERE company_id = ${COMPANY} AND act_id = act
            AND substr(entries, at * 48 + 17, 32) = decode(repeat('00', 32), 'hex');
        ${demand};
        PERFORM set_config('ofitec.log_door', 'open', true);
        DELETE FROM kernel_event e USING audit_removed r WHERE e.id = r.id AND e.company_id = ${COMPANY};
        GET DIAGNOSTICS removed = ROW_COUNT;
        PERFORM set_config('ofitec.log_door', '', true);
        RETURN removed;
      END $$`;
}
