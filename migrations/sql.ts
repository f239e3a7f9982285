import type { QueryRunner } from 'typeorm';

/** Runs statements one after another. */
export async function run(runner: QueryRunner, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await runner.query(statement);
}

/**
 * Closes a table with `company_id` to every company but the transaction's, and says what the
 * application may do with it. The read-only role reads under the same policy.
 *
 * The setting is '' on a pooled connection that once had it, hence `nullif`.
 */
export async function isolateCompanies(
  runner: QueryRunner,
  table: string,
  privileges: string,
  companyColumn = 'company_id',
): Promise<void> {
  await run(runner, [
    `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
    `CREATE POLICY one_company ON ${table}
       USING (${companyColumn} = nullif(current_setting('ofitec.company_id', true), '')::uuid)
       WITH CHECK (${companyColumn} = nullif(current_setting('ofitec.company_id', true), '')::uuid)`,
    `GRANT ${privileges} ON ${table} TO ofitec_app`,
    `GRANT SELECT ON ${table} TO ofitec_readonly`,
  ]);
}

/** Lets the application call a SECURITY DEFINER function, and nobody else. */
export async function openDoor(runner: QueryRunner, signature: string): Promise<void> {
  await run(runner, [
    `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`,
    `GRANT EXECUTE ON FUNCTION ${signature} TO ofitec_app`,
  ]);
}
