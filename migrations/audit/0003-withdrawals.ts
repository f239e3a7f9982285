import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

/**
 * What was taken out of the sealed log, and by which act; where a chain was cut. Both tables only grow, and
 * the three doors take out nothing that is not written down in them, or that the law keeps.
 */
export class Withdrawals implements MigrationInterface {
  readonly name = 'Withdrawals0003';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE TABLE audit_withdrawal (
         company_id uuid NOT NULL REFERENCES kernel_company,
         act_id uuid NOT NULL,
         block bigint NOT NULL CHECK (block > 0),
         entries bytea NOT NULL CHECK (length(entries) > 0 AND length(entries) % 48 = 0),
         PRIMARY KEY (company_id, act_id, block)
       )`,
      'CREATE INDEX audit_withdrawal_by_block ON audit_withdrawal (company_id, block)',
      `CREATE TABLE audit_cut (
         company_id uuid NOT NULL REFERENCES kernel_company,
         number bigint NOT NULL CHECK (number > 0),
         hash bytea NOT NULL CHECK (length(hash) = 32),
         last_transaction_id bigint NOT NULL,
         last_event_id uuid NOT NULL,
         act_id uuid NOT NULL,
         archive_sha256 bytea NOT NULL CHECK (length(archive_sha256) = 32),
         PRIMARY KEY (company_id, number)
       )`,
      ...['audit_withdrawal', 'audit_cut'].flatMap((table) => [
        `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ${table}
           FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()`,
        `CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ${table}
           FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change()`,
      ]),
      MASKED,
      FORGET_TEXTS,
      REMOVE_WITHDRAWN,
      CUT_PREFIX,
    ]);
    await openDoor(runner, 'audit_forget_texts(text, uuid[], text[])');
    await openDoor(runner, 'audit_remove_withdrawn(uuid)');
    await openDoor(runner, 'audit_cut_prefix(bigint)');
    await isolateCompanies(runner, 'audit_withdrawal', 'SELECT, INSERT');
    await isolateCompanies(runner, 'audit_cut', 'SELECT, INSERT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION audit_cut_prefix(bigint)',
      'DROP FUNCTION audit_remove_withdrawn(uuid)',
      'DROP FUNCTION audit_forget_texts(text, uuid[], text[])',
      'DROP FUNCTION audit_masked(jsonb, text[])',
      'DROP TABLE audit_cut, audit_withdrawal',
    ]);
  }
}

const COMPANY = `nullif(current_setting('ofitec.company_id', true), '')::uuid`;

/** A door: it sees past the policies, and the log's triggers let it through. */
const DOOR = `LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp`;
const OPEN = `PERFORM set_config('ofitec.log_door', 'open', true)`;
const SHUT = `PERFORM set_config('ofitec.log_door', '', true)`;

const MASKED = `CREATE FUNCTION audit_masked(said jsonb, texts text[]) RETURNS jsonb
  LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, CASE WHEN key = ANY(texts) AND value <> 'null'
      THEN '{"masked": true}'::jsonb ELSE value END), '{}') FROM jsonb_each(said)
  $$`;

/** Takes reasons and named texts out of the events of some records, and the chance that was sealed with them. */
const FORGET_TEXTS = `CREATE FUNCTION audit_forget_texts(kind text, ids uuid[], texts text[])
  RETURNS SETOF uuid ${DOOR} AS $$
    BEGIN
    ${OPEN};
    RETURN QUERY UPDATE kernel_event SET reason = CASE WHEN reason IS NULL THEN NULL ELSE '(erased)' END,
      changes = audit_masked(changes, texts), payload = audit_masked(payload, texts),
      salt = gen_random_uuid()
    WHERE company_id = ${COMPANY} AND subject_type = kind AND subject_id = ANY(ids)
      AND (coalesce(reason, '(erased)') <> '(erased)'
        OR audit_masked(changes, texts) <> changes OR audit_masked(payload, texts) <> payload)
    RETURNING id;
    ${SHUT};
    END $$`;

/** Removes the events that an act says it removes (their new leaf is all zeros); none younger than a month. */
const REMOVE_WITHDRAWN = `CREATE FUNCTION audit_remove_withdrawn(act uuid) RETURNS bigint
  ${DOOR} AS $$
    DECLARE removed bigint;
    BEGIN
      CREATE TEMPORARY TABLE audit_removed ON COMMIT DROP AS
        SELECT encode(substr(entries, at * 48 + 1, 16), 'hex')::uuid AS id
        FROM audit_withdrawal, generate_series(0, length(entries) / 48 - 1) AS at
        WHERE company_id = ${COMPANY} AND act_id = act
          AND substr(entries, at * 48 + 17, 32) = decode(repeat('00', 32), 'hex');
      IF EXISTS (SELECT FROM kernel_event e JOIN audit_removed r USING (id)
          WHERE e.company_id = ${COMPANY} AND e.created_at > now() - interval '1 month') THEN
        RAISE EXCEPTION 'no event is removed within its first month' USING ERRCODE = 'restrict_violation';
      END IF;
      ${OPEN};
      DELETE FROM kernel_event e USING audit_removed r WHERE e.id = r.id AND e.company_id = ${COMPANY};
      GET DIAGNOSTICS removed = ROW_COUNT;
      ${SHUT};
      RETURN removed;
    END $$`;

/**
 * Removes the blocks up to a recorded cut, and their events; none that a tax office may still ask for (six
 * years from the April after the year of the event: Código Tributario, art. 200).
 */
const CUT_PREFIX = `CREATE FUNCTION audit_cut_prefix(up_to bigint) RETURNS bigint
  ${DOOR} AS $$
    DECLARE cut audit_cut; removed bigint;
    BEGIN
      SELECT * INTO STRICT cut FROM audit_cut WHERE company_id = ${COMPANY} AND number = up_to;
      IF EXISTS (SELECT FROM kernel_event WHERE company_id = cut.company_id
          AND (transaction_id::text)::bigint <= cut.last_transaction_id
          AND ((transaction_id::text)::bigint, id) <= (cut.last_transaction_id, cut.last_event_id)
          AND created_at > now() - interval '88 months') THEN
        RAISE EXCEPTION 'the law keeps events of this cut' USING ERRCODE = 'restrict_violation';
      END IF;
      ${OPEN};
      DELETE FROM kernel_event WHERE company_id = cut.company_id
        AND (transaction_id::text)::bigint <= cut.last_transaction_id
        AND ((transaction_id::text)::bigint, id) <= (cut.last_transaction_id, cut.last_event_id);
      GET DIAGNOSTICS removed = ROW_COUNT;
      DELETE FROM audit_block WHERE company_id = cut.company_id AND number <= up_to;
      ${SHUT};
      RETURN removed;
    END $$`;
