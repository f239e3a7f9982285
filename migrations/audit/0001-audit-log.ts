import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/**
 * The event log under the names that reports ask for. `security_invoker`: the view shows what
 * the reader's own policies show, and not what its owner could see.
 */
export class AuditLog implements MigrationInterface {
  readonly name = 'AuditLog0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE VIEW audit_log WITH (security_invoker = true) AS
         SELECT id, company_id, created_at, action,
           subject_type AS target_model, subject_id AS target_pk, subject_label AS target_label,
           actor_id, actor_login, actor_roles, ip, request_id, changes, reason, payload,
           schema_version, transaction_id
         FROM kernel_event`,
      'GRANT SELECT ON audit_log TO ofitec_app, ofitec_readonly',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP VIEW audit_log']);
  }
}
