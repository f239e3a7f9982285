import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/** Finds the alerts that go on among all that are over: counted for the gauge, and for the bound of a type. */
export class Unresolved implements MigrationInterface {
  readonly name = 'Unresolved0002';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE INDEX operational_alerts_alert_unresolved ON operational_alerts_alert (company_id, type)
         WHERE state <> 'resolved'`,
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP INDEX operational_alerts_alert_unresolved']);
  }
}
