import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

const INDEXES: Readonly<Record<string, string>> = {
  // A vendedora's lists are her own rows: without this, one who charged nothing yet reads all.
  payments_payment_by_cashier: 'payments_payment (company_id, cashier_id, created_at, id)',
  payments_payment_by_branch: 'payments_payment (company_id, branch_id, created_at, id)',
  payments_payment_by_day: 'payments_payment (company_id, business_date, created_at, id)',
  payments_payment_by_amount: 'payments_payment (company_id, amount, id)',
  payments_payment_by_reference:
    'payments_payment (company_id, reference, created_at, id) WHERE reference IS NOT NULL',
  payments_payment_not_cash:
    "payments_payment (company_id, method, created_at, id) WHERE method <> 'cash'",
  payments_payment_taken_back:
    "payments_payment (company_id, kind, created_at, id) WHERE kind <> 'charge'",
  // What the nightly check looks at, beside the rows that took a charge back.
  payments_payment_reversed: 'payments_payment (company_id, id) WHERE reversed_amount <> 0',
  payments_prepaid_entry_by_cashier:
    'payments_prepaid_entry (company_id, cashier_id, created_at, id)',
  payments_prepaid_entry_by_branch:
    'payments_prepaid_entry (company_id, branch_id, created_at, id)',
  payments_prepaid_entry_by_day:
    'payments_prepaid_entry (company_id, business_date, created_at, id)',
  payments_prepaid_entry_by_kind: 'payments_prepaid_entry (company_id, kind, created_at, id)',
  payments_prepaid_entry_by_method:
    'payments_prepaid_entry (company_id, method, created_at, id) WHERE method IS NOT NULL',
  payments_prepaid_entry_by_amount: 'payments_prepaid_entry (company_id, amount, id)',
  payments_entry_by_cashier: 'payments_entry (company_id, cashier_id, created_at, id)',
  payments_entry_by_kind: 'payments_entry (company_id, kind, created_at, id)',
  payments_entry_by_amount: 'payments_entry (company_id, amount, id)',
  payments_entry_by_payment: 'payments_entry (company_id, payment_id) WHERE payment_id IS NOT NULL',
  payments_entry_by_prepaid:
    'payments_entry (company_id, prepaid_entry_id) WHERE prepaid_entry_id IS NOT NULL',
  payments_cash_session_by_date: 'payments_cash_session (company_id, business_date, id)',
  payments_cash_session_by_cashier:
    'payments_cash_session (company_id, cashier_id, created_at, id)',
  payments_cash_session_by_register:
    'payments_cash_session (company_id, register_id, created_at, id)',
  // The count that the next opening of a register is compared with.
  payments_cash_session_last_closed:
    "payments_cash_session (company_id, register_id, closed_at) WHERE state = 'closed'",
  payments_cash_session_not_closed:
    "payments_cash_session (company_id, state, created_at, id) WHERE state <> 'closed'",
  // The sessions that a cut is derived from again.
  payments_cash_session_by_cut:
    'payments_cash_session (company_id, daily_cut_id) WHERE daily_cut_id IS NOT NULL',
  payments_daily_cut_by_time: 'payments_daily_cut (company_id, created_at, id)',
  payments_daily_cut_by_date: 'payments_daily_cut (company_id, business_date, id)',
};

/** Every filter and order of the lists finds its rows by an index, also among ten million. */
export class Reading implements MigrationInterface {
  readonly name = 'Reading0004';

  async up(runner: QueryRunner): Promise<void> {
    await run(
      runner,
      Object.entries(INDEXES).map(([name, on]) => `CREATE INDEX ${name} ON ${on}`),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [`DROP INDEX ${Object.keys(INDEXES).join(', ')}`]);
  }
}
