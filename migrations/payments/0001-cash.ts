import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** Cash sessions, payments, daily cuts. */
export class Cash implements MigrationInterface {
  readonly name = 'Cash0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [CUT, SESSION, ...SESSION_INDEXES, PAYMENT, ...PAYMENT_INDEXES]);
    await run(runner, [ENTRY, ...ENTRY_INDEXES, LEDGER]);
    await isolateCompanies(runner, 'payments_daily_cut', 'SELECT, INSERT');
    await isolateCompanies(runner, 'payments_cash_session', 'SELECT, INSERT, UPDATE');
    // What a payment said never changes; only how much of it was taken back is counted up.
    await isolateCompanies(runner, 'payments_payment', 'SELECT, INSERT');
    await isolateCompanies(runner, 'payments_entry', 'SELECT, INSERT');
    await run(runner, [
      'GRANT UPDATE (reversed_amount, updated_at, version) ON payments_payment TO ofitec_app',
      'GRANT SELECT ON payments_ledger TO ofitec_app, ofitec_readonly',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP VIEW payments_ledger',
      'DROP TABLE payments_entry, payments_payment, payments_cash_session, payments_daily_cut',
    ]);
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
  cash jsonb NOT NULL,
  orders jsonb NOT NULL,
  rows_hash text NOT NULL,
  forced boolean NOT NULL,
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
  opening_denominations jsonb,
  opening_difference bigint,
  ended_at timestamptz(3),
  closed_at timestamptz(3),
  closed_by uuid,
  expected_amount bigint,
  counted_amount bigint CHECK (counted_amount >= 0),
  counted_denominations jsonb,
  counted_by uuid,
  approved_by uuid CHECK (approved_by <> cashier_id),
  by_method jsonb,
  note text,
  daily_cut_id uuid,
  UNIQUE (company_id, id),
  FOREIGN KEY (company_id, branch_id) REFERENCES base_branch (company_id, id),
  FOREIGN KEY (company_id, register_id) REFERENCES base_register (company_id, id),
  FOREIGN KEY (company_id, cashier_id) REFERENCES base_user (company_id, id),
  FOREIGN KEY (company_id, daily_cut_id) REFERENCES payments_daily_cut (company_id, id),
  CHECK ((state = 'closed') = (expected_amount IS NOT NULL AND closed_at IS NOT NULL)),
  CHECK (state <> 'closed' OR counted_amount IS NOT NULL),
  CHECK (state <> 'open' OR counted_amount IS NULL),
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
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  order_id uuid NOT NULL,
  cash_session_id uuid NOT NULL,
  branch_id uuid NOT NULL,
  cashier_id uuid NOT NULL,
  business_date date NOT NULL,
  kind text NOT NULL CHECK (kind IN ('charge', 'void', 'refund')),
  method text NOT NULL CHECK (method IN ('cash', 'debit', 'credit', 'transfer')),
  amount bigint NOT NULL CHECK (amount <> 0 AND (kind = 'charge') = (amount > 0)),
  collected bigint NOT NULL CHECK (abs(collected - amount) < 10 AND (collected = amount OR method = 'cash')),
  tendered bigint NOT NULL,
  change bigint NOT NULL,
  reference text,
  reason text CHECK (kind = 'charge' OR reason IS NOT NULL),
  reverses_id uuid CHECK ((kind = 'charge') = (reverses_id IS NULL)),
  replaces_id uuid,
  reversed_amount bigint NOT NULL CHECK (reversed_amount BETWEEN 0 AND greatest(amount, 0)),
  UNIQUE (company_id, id),
  CHECK (kind <> 'charge' OR (tendered >= collected AND change = tendered - collected AND (change = 0 OR method = 'cash'))),
  FOREIGN KEY (company_id, order_id) REFERENCES sales_order (company_id, id),
  FOREIGN KEY (company_id, cash_session_id) REFERENCES payments_cash_session (company_id, id),
  FOREIGN KEY (company_id, reverses_id) REFERENCES payments_payment (company_id, id),
  FOREIGN KEY (company_id, replaces_id) REFERENCES payments_payment (company_id, id)
)`;

const PAYMENT_INDEXES = [
  'CREATE INDEX payments_payment_by_session ON payments_payment (company_id, cash_session_id)',
  'CREATE INDEX payments_payment_by_reversed ON payments_payment (company_id, reverses_id) WHERE reverses_id IS NOT NULL',
  'CREATE INDEX payments_payment_by_order ON payments_payment (company_id, order_id)',
  'CREATE INDEX payments_payment_by_time ON payments_payment (company_id, created_at, id)',
];

const ENTRY = `CREATE TABLE payments_entry (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  cash_session_id uuid NOT NULL,
  cashier_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('cash_in', 'cash_out', 'drop', 'rounding')),
  amount bigint NOT NULL CHECK (amount <> 0),
  reason text CHECK (kind = 'rounding' OR reason IS NOT NULL),
  payment_id uuid CHECK ((kind = 'rounding') = (payment_id IS NOT NULL)),
  undoes_id uuid,
  actor_id uuid,
  UNIQUE (company_id, id),
  CONSTRAINT payments_entry_undone_once UNIQUE (company_id, undoes_id),
  CHECK (kind = 'rounding' OR ((amount > 0) = (kind = 'cash_in')) <> (undoes_id IS NOT NULL)),
  FOREIGN KEY (company_id, cash_session_id) REFERENCES payments_cash_session (company_id, id),
  FOREIGN KEY (company_id, payment_id) REFERENCES payments_payment (company_id, id),
  FOREIGN KEY (company_id, undoes_id) REFERENCES payments_entry (company_id, id)
)`;

const ENTRY_INDEXES = [
  'CREATE INDEX payments_entry_by_session ON payments_entry (company_id, cash_session_id)',
  'CREATE INDEX payments_entry_by_time ON payments_entry (company_id, created_at, id)',
];

// Everything that raises or lowers what a session must hold, in one shape.
const LEDGER = `CREATE VIEW payments_ledger WITH (security_invoker = true) AS
  SELECT company_id, id AS cash_session_id, 'opening' AS kind, 'cash' AS method,
    opening_amount AS amount, id AS source_id, created_at
  FROM payments_cash_session
  UNION ALL
  SELECT company_id, cash_session_id, kind, method, amount, id, created_at FROM payments_payment
  UNION ALL
  SELECT company_id, cash_session_id, kind, 'cash', amount, id, created_at FROM payments_entry`;
