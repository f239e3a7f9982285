import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** Ways to the SII (connectors), and what was given to them (submissions). */
export class Connectors implements MigrationInterface {
  readonly name = 'Connectors0003';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [CONNECTOR, SUBMISSION, ...INDEXES]);
    await isolateCompanies(runner, 'sii_connector_connector', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'sii_connector_submission', 'SELECT, INSERT, UPDATE');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP TABLE sii_connector_submission, sii_connector_connector']);
  }
}

const RECORD = `id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL`;

const CONNECTOR = `CREATE TABLE sii_connector_connector (
  ${RECORD},
  name text NOT NULL,
  kind text NOT NULL,
  active boolean NOT NULL,
  notes text,
  base_url text,
  secret_ref text,
  statuses jsonb NOT NULL,
  health text NOT NULL CHECK (health IN ('unknown', 'well', 'failing')),
  health_at timestamptz(3),
  health_detail text,
  UNIQUE (company_id, id),
  CONSTRAINT sii_connector_connector_name_key UNIQUE (company_id, name)
)`;

const SUBMISSION = `CREATE TABLE sii_connector_submission (
  ${RECORD},
  connector_id uuid NOT NULL,
  return_id uuid NOT NULL,
  key text NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'sending', 'unknown', 'accepted', 'needs_action',
    'filed', 'rejected')),
  external_id text,
  attempts integer NOT NULL,
  detail text,
  UNIQUE (company_id, id),
  CONSTRAINT sii_connector_submission_key UNIQUE (company_id, key),
  FOREIGN KEY (company_id, connector_id) REFERENCES sii_connector_connector (company_id, id),
  FOREIGN KEY (company_id, return_id) REFERENCES sii_connector_return (company_id, id)
)`;

const INDEXES = [
  `CREATE INDEX sii_connector_connector_by_time
     ON sii_connector_connector (company_id, created_at, id)`,
  `CREATE INDEX sii_connector_submission_by_time
     ON sii_connector_submission (company_id, created_at, id)`,
  `CREATE INDEX sii_connector_submission_by_state
     ON sii_connector_submission (company_id, state, created_at, id)`,
  `CREATE INDEX sii_connector_submission_by_return
     ON sii_connector_submission (company_id, return_id, created_at, id)`,
  `CREATE INDEX sii_connector_submission_by_connector
     ON sii_connector_submission (company_id, connector_id, created_at, id)`,
];
