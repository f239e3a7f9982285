import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

/** What partners send by themselves, and where their JSON says what. */
export class Webhooks implements MigrationInterface {
  readonly name = 'Webhooks0004';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [COLUMNS, WEBHOOK, ...INDEXES, DOOR]);
    await isolateCompanies(runner, 'sii_connector_webhook', 'SELECT, INSERT, DELETE');
    await openDoor(runner, 'sii_connector_find_webhook(uuid)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION sii_connector_find_webhook(uuid)',
      'DROP TABLE sii_connector_webhook',
      'DROP INDEX sii_connector_submission_by_external_id',
      'ALTER TABLE sii_connector_connector DROP COLUMN mapping, DROP COLUMN webhook_secret_ref',
    ]);
  }
}

// The default is for those who still run the version before while the house is upgraded.
const COLUMNS = `ALTER TABLE sii_connector_connector ADD COLUMN mapping jsonb NOT NULL DEFAULT '{}',
     ADD COLUMN webhook_secret_ref text`;

const WEBHOOK = `CREATE TABLE sii_connector_webhook (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL,
  connector_id uuid NOT NULL,
  webhook_id text NOT NULL,
  CONSTRAINT sii_connector_webhook_key UNIQUE (company_id, connector_id, webhook_id),
  FOREIGN KEY (company_id, connector_id) REFERENCES sii_connector_connector (company_id, id)
)`;

const INDEXES = [
  `CREATE INDEX sii_connector_webhook_by_time
     ON sii_connector_webhook (company_id, connector_id, created_at)`,
  `CREATE INDEX sii_connector_submission_by_external_id
     ON sii_connector_submission (company_id, connector_id, external_id)`,
];

// A webhook comes without a company: the connector's id, which is in its address, has one.
const DOOR = `CREATE FUNCTION sii_connector_find_webhook(connector uuid)
  RETURNS TABLE (company_id uuid, name text, webhook_secret_ref text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.company_id, c.name, c.webhook_secret_ref FROM sii_connector_connector c
    WHERE c.id = connector AND c.active
  $$`;
