import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/** Users that are programs. */
export class Bots implements MigrationInterface {
  readonly name = 'Bots0002';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'ALTER TABLE base_user ADD COLUMN bot boolean NOT NULL DEFAULT false',
      // Entities name every column they write; a default would hide one that is forgotten.
      'ALTER TABLE base_user ALTER COLUMN bot DROP DEFAULT',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['ALTER TABLE base_user DROP COLUMN bot']);
  }
}
