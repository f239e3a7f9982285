import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/**
 * Each question that the audit is asked finds its events by an index: what was done to one record,
 * by one person, of one kind, in one request. A record's id says enough: its type stays out.
 */
export class Reading implements MigrationInterface {
  readonly name = 'Reading0003';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP INDEX kernel_event_by_subject',
      'CREATE INDEX kernel_event_by_subject ON kernel_event (company_id, subject_id, created_at, id)',
      'CREATE INDEX kernel_event_by_type ON kernel_event (company_id, subject_type, created_at, id)',
      'CREATE INDEX kernel_event_by_action ON kernel_event (company_id, action, created_at, id)',
      'CREATE INDEX kernel_event_by_actor ON kernel_event (company_id, actor_id, created_at, id)',
      'CREATE INDEX kernel_event_by_request ON kernel_event (company_id, request_id, created_at, id)',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP INDEX kernel_event_by_request, kernel_event_by_actor, kernel_event_by_action',
      'DROP INDEX kernel_event_by_type, kernel_event_by_subject',
      'CREATE INDEX kernel_event_by_subject ON kernel_event (company_id, subject_type, subject_id, created_at, id)',
    ]);
  }
}
