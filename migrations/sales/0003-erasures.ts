import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** Requests to forget a customer (Ley 19.628, as amended by Ley 21.719), by id only. */
export class Erasures implements MigrationInterface {
  readonly name = 'Erasures0003';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE TABLE sales_erasure (
         id uuid PRIMARY KEY,
         company_id uuid NOT NULL REFERENCES kernel_company,
         created_at timestamptz(3) NOT NULL,
         updated_at timestamptz(3) NOT NULL,
         version integer NOT NULL,
         customer_id uuid NOT NULL,
         request_number text NOT NULL,
         reason text NOT NULL,
         state text NOT NULL CHECK (state IN ('requested', 'erased')),
         requested_by uuid,
         approved_by uuid CHECK (approved_by <> requested_by),
         erased_at timestamptz(3),
         UNIQUE (company_id, id),
         CONSTRAINT sales_erasure_customer_key UNIQUE (company_id, customer_id),
         FOREIGN KEY (company_id, customer_id) REFERENCES sales_customer (company_id, id),
         CHECK ((state = 'erased') = (erased_at IS NOT NULL))
       )`,
      'CREATE INDEX sales_erasure_by_time ON sales_erasure (company_id, created_at, id)',
      'CREATE INDEX sales_erasure_by_state ON sales_erasure (company_id, state, created_at, id)',
      'ALTER TABLE sales_customer ADD COLUMN erased_at timestamptz(3)',
      // What was counted and charged never changes; what somebody noted beside it may have to go.
      'GRANT UPDATE (notes, garment_tags) ON sales_order_line TO ofitec_app',
    ]);
    await isolateCompanies(runner, 'sales_erasure', 'SELECT, INSERT, UPDATE');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'REVOKE UPDATE (notes, garment_tags) ON sales_order_line FROM ofitec_app',
      'ALTER TABLE sales_customer DROP COLUMN erased_at',
      'DROP TABLE sales_erasure',
    ]);
  }
}
