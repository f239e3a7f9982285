import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/** Who is asked after by login or by address, as after denied requests, is found by an index, too. */
export class Denials implements MigrationInterface {
  readonly name = 'Denials0004';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'CREATE INDEX kernel_event_by_login ON kernel_event (company_id, actor_login, created_at, id)',
      'CREATE INDEX kernel_event_by_ip ON kernel_event (company_id, ip, created_at, id)',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP INDEX kernel_event_by_ip, kernel_event_by_login']);
  }
}
