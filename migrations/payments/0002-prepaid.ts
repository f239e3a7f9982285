import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** Prepaid balances of customers: the account, its ledger, and what sessions and cuts say of it. */
export class Prepaid implements MigrationInterface {
  readonly name = 'Prepaid0002';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [ACCOUNT, ENTRY, ...ENTRY_INDEXES]);
    await isolateCompanies(runner, 'payments_prepaid_account', 'SELECT, INSERT');
    await isolateCompanies(runner, 'payments_prepaid_entry', 'SELECT, INSERT');
    await run(runner, [
      // Whose account it is never changes; only the balance moves.
      'GRANT UPDATE (balance, entries, updated_at, version) ON payments_prepaid_account TO ofitec_app',
      'ALTER TABLE payments_payment DROP CONSTRAINT payments_payment_method_check',
      `ALTER TABLE payments_payment ADD CONSTRAINT payments_payment_method_check
         CHECK (method IN ('cash', 'debit', 'credit', 'transfer', 'prepaid'))`,
      // A rounding is of a payment or of a prepayment, and nothing else is of either.
      'ALTER TABLE payments_entry ADD COLUMN prepaid_entry_id uuid',
      'ALTER TABLE payments_entry DROP CONSTRAINT payments_entry_check1',
      `ALTER TABLE payments_entry ADD CONSTRAINT payments_entry_rounding_check
         CHECK (num_nonnulls(payment_id, prepaid_entry_id) = CASE WHEN kind = 'rounding' THEN 1 ELSE 0 END)`,
      `ALTER TABLE payments_entry ADD CONSTRAINT payments_entry_prepaid_entry_fkey
         FOREIGN KEY (company_id, prepaid_entry_id) REFERENCES payments_prepaid_entry (company_id, id)`,
      'ALTER TABLE payments_cash_session ADD COLUMN prepaid jsonb',
      `ALTER TABLE payments_daily_cut ADD COLUMN prepaid jsonb NOT NULL DEFAULT '${NOTHING}'`,
      'ALTER TABLE payments_daily_cut ALTER COLUMN prepaid DROP DEFAULT',
      LEDGER,
    ]);
  }

  /** Rows that the older rules do not know stay: `NOT VALID` binds only what comes after. */
  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      LEDGER_BEFORE,
      'ALTER TABLE payments_daily_cut DROP COLUMN prepaid',
      'ALTER TABLE payments_cash_session DROP COLUMN prepaid',
      'ALTER TABLE payments_entry DROP CONSTRAINT payments_entry_rounding_check',
      'ALTER TABLE payments_entry DROP COLUMN prepaid_entry_id',
      `ALTER TABLE payments_entry ADD CONSTRAINT payments_entry_check1
         CHECK ((kind = 'rounding') = (payment_id IS NOT NULL)) NOT VALID`,
      'ALTER TABLE payments_payment DROP CONSTRAINT payments_payment_method_check',
      `ALTER TABLE payments_payment ADD CONSTRAINT payments_payment_method_check
         CHECK (method IN ('cash', 'debit', 'credit', 'transfer')) NOT VALID`,
      'DROP TABLE payments_prepaid_entry, payments_prepaid_account',
    ]);
  }
}

const NOTHING = JSON.stringify({
  received: 0,
  returned: 0,
  spent: 0,
  byMethod: ['cash', 'debit', 'credit', 'transfer'].map((method) => ({ method, amount: 0 })),
});

const ACCOUNT = `CREATE TABLE payments_prepaid_account (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  balance bigint NOT NULL,
  entries integer NOT NULL CHECK (entries >= 0),
  UNIQUE (company_id, id),
  CONSTRAINT payments_prepaid_account_not_negative CHECK (balance >= 0),
  CONSTRAINT payments_prepaid_account_bounded CHECK (balance <= 1000000000000),
  FOREIGN KEY (company_id, id) REFERENCES sales_customer (company_id, id)
)`;

const ENTRY = `CREATE TABLE payments_prepaid_entry (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  customer_id uuid NOT NULL,
  sequence integer NOT NULL CHECK (sequence > 0),
  cash_session_id uuid NOT NULL,
  branch_id uuid NOT NULL,
  cashier_id uuid NOT NULL,
  business_date date NOT NULL,
  kind text NOT NULL CHECK (kind IN ('prepay', 'prepay_void', 'prepay_refund', 'spend', 'restore')),
  amount bigint NOT NULL CHECK (amount <> 0 AND (kind IN ('prepay', 'restore')) = (amount > 0)),
  balance_after bigint NOT NULL CHECK (balance_after >= 0),
  method text CHECK (method IN ('cash', 'debit', 'credit', 'transfer')),
  collected bigint,
  tendered bigint,
  change bigint,
  reference text,
  reason text CHECK (kind IN ('prepay', 'spend') OR reason IS NOT NULL),
  reverses_id uuid CHECK ((kind IN ('prepay', 'spend')) = (reverses_id IS NULL)),
  payment_id uuid CHECK ((kind IN ('spend', 'restore')) = (payment_id IS NOT NULL)),
  UNIQUE (company_id, id),
  CONSTRAINT payments_prepaid_entry_sequence_key UNIQUE (company_id, customer_id, sequence),
  CONSTRAINT payments_prepaid_entry_payment_key UNIQUE (company_id, payment_id),
  CONSTRAINT payments_prepaid_entry_money_check CHECK (num_nonnulls(method, collected, tendered, change)
    = CASE WHEN kind IN ('prepay', 'prepay_void', 'prepay_refund') THEN 4 ELSE 0 END),
  CHECK (abs(collected - amount) < 10 AND (collected = amount OR method = 'cash')),
  CHECK (kind <> 'prepay' OR (tendered >= collected AND change = tendered - collected AND (change = 0 OR method = 'cash'))),
  FOREIGN KEY (company_id, customer_id) REFERENCES payments_prepaid_account (company_id, id),
  FOREIGN KEY (company_id, cash_session_id) REFERENCES payments_cash_session (company_id, id),
  FOREIGN KEY (company_id, reverses_id) REFERENCES payments_prepaid_entry (company_id, id),
  FOREIGN KEY (company_id, payment_id) REFERENCES payments_payment (company_id, id)
)`;

const ENTRY_INDEXES = [
  'CREATE INDEX payments_prepaid_entry_by_session ON payments_prepaid_entry (company_id, cash_session_id)',
  'CREATE INDEX payments_prepaid_entry_by_reversed ON payments_prepaid_entry (company_id, reverses_id) WHERE reverses_id IS NOT NULL',
  'CREATE INDEX payments_prepaid_entry_by_time ON payments_prepaid_entry (company_id, created_at, id)',
];

const SHAPE = `CREATE OR REPLACE VIEW payments_ledger WITH (security_invoker = true) AS
  SELECT company_id, id AS cash_session_id, 'opening' AS kind, 'cash' AS method,
    opening_amount AS amount, id AS source_id, created_at
  FROM payments_cash_session
  UNION ALL
  SELECT company_id, cash_session_id, kind, 'cash', amount, id, created_at FROM payments_entry
  UNION ALL
  SELECT company_id, cash_session_id, kind, method, amount, id, created_at FROM payments_payment`;

// What is paid from a balance brings no money: that came with the prepayment.
const LEDGER = `${SHAPE}
  WHERE method <> 'prepaid'
  UNION ALL
  SELECT company_id, cash_session_id, kind, method, amount, id, created_at FROM payments_prepaid_entry
  WHERE method IS NOT NULL`;

const LEDGER_BEFORE = SHAPE;
