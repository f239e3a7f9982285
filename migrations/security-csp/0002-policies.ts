import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

/** Policies on their way to be enforced, what a person said of inline code, and the proofs. */
export class Policies implements MigrationInterface {
  readonly name = 'Policies0002';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [POLICY, RESOLUTION, PROOF, RATE, ...INDEXES, ENFORCING]);
    await isolateCompanies(runner, 'security_csp_policy', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'security_csp_resolution', 'SELECT, INSERT, UPDATE, DELETE');
    await isolateCompanies(runner, 'security_csp_proof', 'SELECT, INSERT');
    await isolateCompanies(runner, 'security_csp_rate', 'SELECT, INSERT, DELETE');
    await openDoor(runner, 'security_csp_enforcing()');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION security_csp_enforcing()',
      'DROP TABLE security_csp_rate, security_csp_proof, security_csp_resolution, security_csp_policy',
    ]);
  }
}

const ROW = `id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL`;

const RECORD = `${ROW},
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL`;

// The number is what `?v=` says, so that no two texts of an app may ever share one.
const POLICY = `CREATE TABLE security_csp_policy (
  ${RECORD},
  app_id uuid NOT NULL,
  app text NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  state text NOT NULL CHECK (state IN
    ('draft', 'report-only', 'candidate', 'enforcing', 'superseded', 'rolled-back')),
  text text NOT NULL,
  hash text NOT NULL,
  versions jsonb NOT NULL,
  percent integer NOT NULL CHECK (percent BETWEEN 0 AND 100),
  nonces text[] NOT NULL,
  superseded_by uuid,
  observed_at timestamptz(3),
  candidate_at timestamptz(3),
  enforced_at timestamptz(3),
  rolled_back_at timestamptz(3),
  reason text,
  UNIQUE (company_id, id),
  CONSTRAINT security_csp_policy_number_key UNIQUE (company_id, app_id, number),
  FOREIGN KEY (company_id, app_id) REFERENCES security_csp_app (company_id, id),
  CHECK ((state = 'enforcing') = (percent > 0)),
  CHECK ((state = 'superseded') = (superseded_by IS NOT NULL))
)`;

// Shares its id with the group; it goes when the group is forgotten.
const RESOLUTION = `CREATE TABLE security_csp_resolution (
  ${RECORD},
  how text NOT NULL CHECK (how IN ('hash', 'nonce', 'scheme', 'refuse')),
  hashes text[] NOT NULL,
  reason text NOT NULL,
  resolved_by uuid,
  FOREIGN KEY (company_id, id) REFERENCES security_csp_group (company_id, id) ON DELETE CASCADE,
  CHECK ((how = 'hash') = (cardinality(hashes) > 0))
)`;

const PROOF = `CREATE TABLE security_csp_proof (
  ${ROW},
  policy_id uuid NOT NULL,
  number integer NOT NULL,
  policy_hash text NOT NULL,
  passed boolean NOT NULL,
  counts jsonb NOT NULL,
  failures jsonb NOT NULL,
  findings jsonb NOT NULL,
  FOREIGN KEY (company_id, policy_id) REFERENCES security_csp_policy (company_id, id)
)`;

// How many reports an enforced policy had so far, once a minute, for two hours.
const RATE = `CREATE TABLE security_csp_rate (
  company_id uuid NOT NULL REFERENCES kernel_company,
  policy_id uuid NOT NULL,
  at timestamptz(3) NOT NULL,
  total bigint NOT NULL,
  PRIMARY KEY (company_id, policy_id, at),
  FOREIGN KEY (company_id, policy_id) REFERENCES security_csp_policy (company_id, id)
)`;

const INDEXES = [
  'CREATE INDEX security_csp_policy_by_time ON security_csp_policy (company_id, created_at, id)',
  ...['app_id', 'app', 'state', 'hash'].map(
    (column) => `CREATE INDEX security_csp_policy_by_${column}
      ON security_csp_policy (company_id, ${column}, created_at, id)`,
  ),
  'CREATE INDEX security_csp_policy_by_number ON security_csp_policy (company_id, number, id)',
  `CREATE INDEX security_csp_policy_enforcing ON security_csp_policy (company_id)
     WHERE state = 'enforcing'`,
  'CREATE INDEX security_csp_proof_by_policy ON security_csp_proof (company_id, policy_id, created_at, id)',
];

// Ids of companies only: the watch then works in each of them, under its policy.
const ENFORCING = `CREATE FUNCTION security_csp_enforcing() RETURNS TABLE (company_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT p.company_id FROM security_csp_policy p WHERE p.state = 'enforcing'
  $$`;
