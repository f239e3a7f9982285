import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** Cash sessions, payments, daily cuts. */
export class Cash implements MigrationInterface {
  readonly name = 'Cash0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [CUT, SESSION, ...SESSION_INDEXES, PAYMENT, ...PAYMENT_INDEXES]);
    await isolateCompanies(runner, 'payments_daily_cut', 'SELECT, INSERT');
    await isolateCompanies(runner, 'payments_cash_session', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'payments_payment', 'SELECT, INSERT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP TABLE payments_payment, payments_cash_session, payments_daily_cut']);
  }
}

const CUT = `CREATE TABLE payments_daily_cut (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  branch_id uuid NOT NULL,
  business_date date NOT NULL,
  sequence integer NOT NULL,
  cut_by uuid,
  total bigint NOT NULL,
  payments integer NOT NULL,
  by_method jsonb NOT NULL,
  by_cashier jsonb NOT NULL,
  by_session jsonb NOT NULL,
  UNIQUE (company_id, id),
  CONSTRAINT payments_daily_cut_sequence_key UNIQUE (company_id, branch_id, business_date, sequence),
  FOREIGN KEY (company_id, branch_id) REFERENCES base_branch (company_id, id)
)`;

const SESSION = `CREATE TABLE payments_cash_session (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  branch_id uuid NOT NULL,
  register_id uuid NOT NULL,
  cashier_id uuid NOT NULL,
  business_date date NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'ended', 'closed')),
  opening_amount bigint NOT NULL CHECK (opening_amount >= 0),
  ended_at timestamptz(3),
  closed_at timestamptz(3),
  closed_by uuid,
  expected_amount bigint,
  counted_amount bigint CHECK (counted_amount >= 0),
  note text,
  daily_cut_id uuid,
  UNIQUE (company_id, id),
  FOREIGN KEY (company_id, branch_id) REFERENCES base_branch (company_id, id),
  FOREIGN KEY (company_id, register_id) REFERENCES base_register (company_id, id),
  FOREIGN KEY (company_id, cashier_id) REFERENCES base_user (company_id, id),
  FOREIGN KEY (company_id, daily_cut_id) REFERENCES payments_daily_cut (company_id, id),
  CHECK ((state = 'closed') = (expected_amount IS NOT NULL AND counted_amount IS NOT NULL AND closed_at IS NOT NULL)),
  CHECK ((state = 'open') = (ended_at IS NULL))
)`;

const SESSION_INDEXES = [
  `CREATE UNIQUE INDEX payments_cash_session_one_per_cashier
     ON payments_cash_session (company_id, cashier_id) WHERE state = 'open'`,
  `CREATE UNIQUE INDEX payments_cash_session_one_per_register
     ON payments_cash_session (company_id, register_id) WHERE state = 'open'`,
  'CREATE INDEX payments_cash_session_by_day ON payments_cash_session (company_id, branch_id, business_date)',
  'CREATE INDEX payments_cash_session_by_time ON payments_cash_session (company_id, created_at, id)',
];

const PAYMENT = `CREATE TABLE payments_payment (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  order_id uuid NOT NULL,
  cash_session_id uuid NOT NULL,
  branch_id uuid NOT NULL,
  cashier_id uuid NOT NULL,
  business_date date NOT NULL,
  method text NOT NULL CHECK (method IN ('cash', 'debit', 'credit', 'transfer')),
  amount bigint NOT NULL CHECK (amount > 0),
  tendered bigint NOT NULL CHECK (tendered >= amount),
  change bigint NOT NULL CHECK (change = tendered - amount AND (change = 0 OR method = 'cash')),
  FOREIGN KEY (company_id, order_id) REFERENCES sales_order (company_id, id),
  FOREIGN KEY (company_id, cash_session_id) REFERENCES payments_cash_session (company_id, id)
)`;

const PAYMENT_INDEXES = [
  'CREATE INDEX payments_payment_by_session ON payments_payment (company_id, cash_session_id)',
  'CREATE INDEX payments_payment_by_order ON payments_payment (company_id, order_id)',
  'CREATE INDEX payments_payment_by_time ON payments_payment (company_id, created_at, id)',
];
