import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/**
 * Every filter and order of the lists finds its rows by an index, also among ten million. What is
 * null or common in most rows stays out of an index.
 *
 * No index depends on what was paid any more: so a payment changes the order's row in its page and
 * writes to none of them (a heap-only update), for which the page keeps some room.
 */
export class Reading implements MigrationInterface {
  readonly name = 'Reading0002';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'ALTER TABLE sales_order ADD COLUMN delivered_owing boolean NOT NULL DEFAULT false',
      `UPDATE sales_order SET delivered_owing = true WHERE state = 'delivered' AND paid_amount < total`,
      `ALTER TABLE sales_order ADD CONSTRAINT sales_order_delivered_owing_check
         CHECK (delivered_owing = (state = 'delivered' AND paid_amount < total))`,
      'DROP INDEX sales_order_unpaid',
      `CREATE INDEX sales_order_unpaid ON sales_order (company_id, branch_id)
         WHERE state IN ('received', 'in_process', 'ready') OR delivered_owing`,
      'ALTER TABLE sales_order SET (fillfactor = 85)',
      // A number is looked for with and without its branch.
      'ALTER TABLE sales_order ADD CONSTRAINT sales_order_number_key UNIQUE (company_id, number, branch_id)',
      'ALTER TABLE sales_order DROP CONSTRAINT sales_order_company_id_branch_id_number_key',
      'CREATE INDEX sales_order_by_branch ON sales_order (company_id, branch_id, created_at, id)',
      'DROP INDEX sales_order_by_day, sales_order_by_delivery, sales_order_by_customer',
      'CREATE INDEX sales_order_by_day ON sales_order (company_id, business_date, created_at, id)',
      `CREATE INDEX sales_order_by_delivery ON sales_order (company_id, branch_id, delivered_at)
         WHERE delivered_at IS NOT NULL`,
      `CREATE INDEX sales_order_by_cancellation ON sales_order (company_id, branch_id, cancelled_at)
         WHERE cancelled_at IS NOT NULL`,
      `CREATE INDEX sales_order_by_customer ON sales_order (company_id, customer_id)
         WHERE customer_id IS NOT NULL`,
      `CREATE INDEX sales_order_not_delivered ON sales_order (company_id, state, created_at, id)
         WHERE state <> 'delivered'`,
      'CREATE INDEX sales_order_by_total ON sales_order (company_id, total, id)',
      'CREATE INDEX sales_customer_by_time ON sales_customer (company_id, created_at, id)',
      'CREATE INDEX sales_customer_by_phone ON sales_customer (company_id, phone) WHERE phone IS NOT NULL',
      'CREATE INDEX sales_customer_inactive ON sales_customer (company_id, name, id) WHERE NOT active',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP INDEX sales_customer_inactive, sales_customer_by_phone, sales_customer_by_time',
      'DROP INDEX sales_order_by_total, sales_order_not_delivered, sales_order_by_cancellation',
      'DROP INDEX sales_order_by_customer, sales_order_by_delivery, sales_order_by_day, sales_order_by_branch',
      'CREATE INDEX sales_order_by_day ON sales_order (company_id, branch_id, business_date)',
      'CREATE INDEX sales_order_by_delivery ON sales_order (company_id, branch_id, delivered_at)',
      'CREATE INDEX sales_order_by_customer ON sales_order (company_id, customer_id)',
      'ALTER TABLE sales_order ADD UNIQUE (company_id, branch_id, number)',
      'ALTER TABLE sales_order DROP CONSTRAINT sales_order_number_key',
      'ALTER TABLE sales_order RESET (fillfactor)',
      'DROP INDEX sales_order_unpaid',
      'ALTER TABLE sales_order DROP COLUMN delivered_owing',
      `CREATE INDEX sales_order_unpaid ON sales_order (company_id, branch_id)
         WHERE paid_amount < total AND state <> 'cancelled'`,
    ]);
  }
}
