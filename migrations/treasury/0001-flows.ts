import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** Money that is to come or go, that which came and went, and balances that somebody stated. */
export class Flows implements MigrationInterface {
  readonly name = 'Flows0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [FLOW, BALANCE, ...INDEXES]);
    await isolateCompanies(runner, 'treasury_flow', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'treasury_balance', 'SELECT, INSERT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP TABLE treasury_balance, treasury_flow']);
  }
}

const FLOW = `CREATE TABLE treasury_flow (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  state text NOT NULL CHECK (state IN ('expected', 'settled', 'cancelled')),
  day date NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0),
  source_type text NOT NULL CHECK (source_type IN ('f29', 'daily_cut', 'manual')),
  source_id uuid,
  label text NOT NULL,
  expected_on date,
  expected_amount bigint,
  UNIQUE (company_id, id),
  CONSTRAINT treasury_flow_source_key UNIQUE (company_id, source_type, source_id),
  CHECK ((source_type = 'manual') = (source_id IS NULL))
)`;

const BALANCE = `CREATE TABLE treasury_balance (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL,
  day date NOT NULL,
  amount bigint NOT NULL,
  note text,
  stated_by uuid,
  UNIQUE (company_id, id)
)`;

const INDEXES = [
  'CREATE INDEX treasury_flow_by_time ON treasury_flow (company_id, created_at, id)',
  'CREATE INDEX treasury_flow_by_day ON treasury_flow (company_id, day, id)',
  'CREATE INDEX treasury_flow_by_state ON treasury_flow (company_id, state, created_at, id)',
  'CREATE INDEX treasury_flow_by_source ON treasury_flow (company_id, source_type, created_at, id)',
  `CREATE INDEX treasury_flow_expected ON treasury_flow (company_id, day)
     WHERE state = 'expected'`,
  'CREATE INDEX treasury_balance_by_time ON treasury_balance (company_id, created_at, id)',
  'CREATE INDEX treasury_balance_by_day ON treasury_balance (company_id, day, id)',
];
