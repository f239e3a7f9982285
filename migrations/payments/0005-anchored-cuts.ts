import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/** A cut names the block of the event log's seal that there was when it was made. */
export class AnchoredCuts implements MigrationInterface {
  readonly name = 'AnchoredCuts0005';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, ['ALTER TABLE payments_daily_cut ADD COLUMN audit_anchor text']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['ALTER TABLE payments_daily_cut DROP COLUMN audit_anchor']);
  }
}
