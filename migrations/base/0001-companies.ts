import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** Company, branches, registers, users, settings, number sequences. */
export class Companies implements MigrationInterface {
  readonly name = 'Companies0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, STATEMENTS);
    for (const table of TABLES) await isolateCompanies(runner, table, 'SELECT, INSERT, UPDATE');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [`DROP TABLE ${[...TABLES].reverse().join(', ')}`]);
  }
}

const TABLES = [
  'base_company',
  'base_branch',
  'base_register',
  'base_user',
  'base_setting',
  'base_sequence',
];

const STATEMENTS = [
  `CREATE TABLE base_company (
     id uuid PRIMARY KEY REFERENCES kernel_company,
     company_id uuid NOT NULL CHECK (company_id = id),
     created_at timestamptz(3) NOT NULL,
     updated_at timestamptz(3) NOT NULL,
     version integer NOT NULL,
     rut text NOT NULL CONSTRAINT base_company_rut_key UNIQUE,
     name text NOT NULL,
     address text
   )`,
  `CREATE TABLE base_branch (
     id uuid PRIMARY KEY,
     company_id uuid NOT NULL REFERENCES kernel_company,
     created_at timestamptz(3) NOT NULL,
     updated_at timestamptz(3) NOT NULL,
     version integer NOT NULL,
     code text NOT NULL,
     name text NOT NULL,
     address text,
     active boolean NOT NULL,
     UNIQUE (company_id, id),
     CONSTRAINT base_branch_code_key UNIQUE (company_id, code)
   )`,
  `CREATE TABLE base_register (
     id uuid PRIMARY KEY,
     company_id uuid NOT NULL,
     created_at timestamptz(3) NOT NULL,
     updated_at timestamptz(3) NOT NULL,
     version integer NOT NULL,
     branch_id uuid NOT NULL,
     code text NOT NULL,
     name text NOT NULL,
     active boolean NOT NULL,
     UNIQUE (company_id, id),
     CONSTRAINT base_register_code_key UNIQUE (company_id, branch_id, code),
     FOREIGN KEY (company_id, branch_id) REFERENCES base_branch (company_id, id)
   )`,
  `CREATE TABLE base_user (
     id uuid PRIMARY KEY,
     company_id uuid NOT NULL REFERENCES kernel_company,
     created_at timestamptz(3) NOT NULL,
     updated_at timestamptz(3) NOT NULL,
     version integer NOT NULL,
     login text NOT NULL CONSTRAINT base_user_login_key UNIQUE CHECK (login = lower(login)),
     name text NOT NULL,
     roles text[] NOT NULL,
     active boolean NOT NULL,
     UNIQUE (company_id, id)
   )`,
  `CREATE TABLE base_setting (
     id uuid PRIMARY KEY,
     company_id uuid NOT NULL REFERENCES kernel_company,
     created_at timestamptz(3) NOT NULL,
     updated_at timestamptz(3) NOT NULL,
     version integer NOT NULL,
     name text NOT NULL,
     value jsonb NOT NULL,
     UNIQUE (company_id, name)
   )`,
  `CREATE TABLE base_sequence (
     company_id uuid NOT NULL,
     branch_id uuid NOT NULL,
     name text NOT NULL,
     value bigint NOT NULL CHECK (value > 0),
     PRIMARY KEY (company_id, branch_id, name),
     FOREIGN KEY (company_id, branch_id) REFERENCES base_branch (company_id, id)
   )`,
];
