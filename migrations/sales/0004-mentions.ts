import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/** What still names a forgotten person, by table, column and row: for somebody to look at. */
export class Mentions implements MigrationInterface {
  readonly name = 'Mentions0004';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `ALTER TABLE sales_erasure ADD COLUMN mentions jsonb NOT NULL DEFAULT '[]',
         ADD COLUMN mention_count integer NOT NULL DEFAULT 0 CHECK (mention_count >= 0)`,
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'ALTER TABLE sales_erasure DROP COLUMN mentions, DROP COLUMN mention_count',
    ]);
  }
}
