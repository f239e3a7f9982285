import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

/**
 * What people wrote beside money can leave it, when the person whom it names is forgotten (Ley 21.719); amounts,
 * methods, dates and numbers of papers stay. The application still cannot change a row: the door puts one fixed
 * word in the place of a text, and nothing else. A cut whose rows say less is restated, once for each act.
 */
export class ForgottenTexts implements MigrationInterface {
  readonly name = 'ForgottenTexts0006';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE TABLE payments_cut_restatement (
         id uuid PRIMARY KEY,
         company_id uuid NOT NULL,
         created_at timestamptz(3) NOT NULL,
         daily_cut_id uuid NOT NULL,
         previous_hash text NOT NULL CHECK (previous_hash <> rows_hash),
         rows_hash text NOT NULL,
         CONSTRAINT payments_cut_restatement_previous_key UNIQUE (company_id, daily_cut_id, previous_hash),
         FOREIGN KEY (company_id, daily_cut_id) REFERENCES payments_daily_cut (company_id, id)
       )`,
      FORGET_TEXTS,
    ]);
    await openDoor(runner, 'payments_forget_texts(text, uuid[], text)');
    await isolateCompanies(runner, 'payments_cut_restatement', 'SELECT, INSERT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION payments_forget_texts(text, uuid[], text)',
      'DROP TABLE payments_cut_restatement',
    ]);
  }
}

const COMPANY = `nullif(current_setting('ofitec.company_id', true), '')::uuid`;
const GONE = `'(suprimido)'`;
const REASON = `CASE WHEN reason IS NULL THEN NULL ELSE ${GONE} END`;
const REFERENCE = `CASE WHEN reference ~* own THEN ${GONE} ELSE reference END`;
const OWN_ROWS = `company_id = ${COMPANY} AND id = ANY(ids)`;

/** Reasons go. A reference is the number of a paper, which the law wants: it goes where it names the person. */
const FORGET_TEXTS = `CREATE FUNCTION payments_forget_texts(kind text, ids uuid[], own text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE changed bigint;
    BEGIN
      CASE kind
        WHEN 'payment' THEN
          UPDATE payments_payment SET reason = ${REASON}, reference = ${REFERENCE} WHERE ${OWN_ROWS};
        WHEN 'prepaid' THEN
          UPDATE payments_prepaid_entry SET reason = ${REASON}, reference = ${REFERENCE} WHERE ${OWN_ROWS};
        WHEN 'entry' THEN
          UPDATE payments_entry SET reason = ${REASON} WHERE ${OWN_ROWS};
        WHEN 'session' THEN
          UPDATE payments_cash_session SET note = CASE WHEN note IS NULL THEN NULL ELSE ${GONE} END WHERE ${OWN_ROWS};
      END CASE;
      GET DIAGNOSTICS changed = ROW_COUNT;
      RETURN changed;
    END $$`;
