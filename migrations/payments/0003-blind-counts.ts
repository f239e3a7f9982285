import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/** How often a session was counted by somebody who may not see what should be there. */
export class BlindCounts implements MigrationInterface {
  readonly name = 'BlindCounts0003';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `ALTER TABLE payments_cash_session
         ADD COLUMN blind_counts integer NOT NULL DEFAULT 0 CHECK (blind_counts BETWEEN 0 AND 3)`,
      'ALTER TABLE payments_cash_session ALTER COLUMN blind_counts DROP DEFAULT',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['ALTER TABLE payments_cash_session DROP COLUMN blind_counts']);
  }
}
