import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/**
 * An app has one policy that is enforced for everybody, and at most one more that is on its way there:
 * whatever the program does, the database keeps a third from being enforced.
 */
export class OneRollout implements MigrationInterface {
  readonly name = 'OneRollout0003';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [ROLL_BACK_OLDER, WHOLE, PART]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP INDEX security_csp_policy_whole, security_csp_policy_part']);
  }
}

// Only the newest of each kind was ever emitted.
const ROLL_BACK_OLDER = `UPDATE security_csp_policy p
  SET state = 'rolled-back', percent = 0, rolled_back_at = now(), updated_at = now(),
    version = version + 1, reason = 'another policy was enforced beside it'
  WHERE state = 'enforcing' AND EXISTS (SELECT FROM security_csp_policy q
    WHERE q.company_id = p.company_id AND q.app_id = p.app_id AND q.state = 'enforcing'
      AND (q.percent = 100) = (p.percent = 100) AND q.number > p.number)`;

const WHOLE = `CREATE UNIQUE INDEX security_csp_policy_whole ON security_csp_policy (company_id, app_id)
  WHERE state = 'enforcing' AND percent = 100`;

const PART = `CREATE UNIQUE INDEX security_csp_policy_part ON security_csp_policy (company_id, app_id)
  WHERE state = 'enforcing' AND percent < 100`;
