import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** Customers, price list, orders and their lines. */
export class Orders implements MigrationInterface {
  readonly name = 'Orders0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      CUSTOMER,
      CUSTOMER_INDEX,
      SERVICE,
      ORDER,
      ...ORDER_INDEXES,
      LINE,
      LINE_INDEX,
    ]);
    await isolateCompanies(runner, 'sales_customer', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'sales_service', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'sales_order', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'sales_order_line', 'SELECT, INSERT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP TABLE sales_order_line, sales_order, sales_service, sales_customer']);
  }
}

const RECORD = `
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL`;

const CUSTOMER = `CREATE TABLE sales_customer (${RECORD},
  name text NOT NULL,
  rut text,
  phone text,
  email text,
  notes text,
  active boolean NOT NULL,
  UNIQUE (company_id, id),
  CONSTRAINT sales_customer_rut_key UNIQUE (company_id, rut)
)`;

const CUSTOMER_INDEX =
  'CREATE INDEX sales_customer_by_name ON sales_customer (company_id, name, id)';

const SERVICE = `CREATE TABLE sales_service (${RECORD},
  code text NOT NULL,
  name text NOT NULL,
  unit text NOT NULL CHECK (unit IN ('unit', 'kg')),
  price bigint NOT NULL CHECK (price >= 0),
  active boolean NOT NULL,
  UNIQUE (company_id, id),
  CONSTRAINT sales_service_code_key UNIQUE (company_id, code)
)`;

const ORDER = `CREATE TABLE sales_order (${RECORD},
  branch_id uuid NOT NULL,
  customer_id uuid,
  number integer NOT NULL,
  ticket text NOT NULL,
  state text NOT NULL CHECK (state IN ('received', 'in_process', 'ready', 'delivered', 'cancelled')),
  business_date date NOT NULL,
  promised_at timestamptz(3),
  total bigint NOT NULL CHECK (total >= 0),
  paid_amount bigint NOT NULL CHECK (paid_amount BETWEEN 0 AND total),
  notes text,
  cancel_reason text,
  started_at timestamptz(3),
  ready_at timestamptz(3),
  delivered_at timestamptz(3),
  cancelled_at timestamptz(3),
  UNIQUE (company_id, id),
  UNIQUE (company_id, branch_id, number),
  FOREIGN KEY (company_id, branch_id) REFERENCES base_branch (company_id, id),
  FOREIGN KEY (company_id, customer_id) REFERENCES sales_customer (company_id, id),
  CHECK (state <> 'cancelled' OR (paid_amount = 0 AND cancel_reason IS NOT NULL))
)`;

const ORDER_INDEXES = [
  'CREATE INDEX sales_order_by_time ON sales_order (company_id, created_at, id)',
  'CREATE INDEX sales_order_by_day ON sales_order (company_id, branch_id, business_date)',
  'CREATE INDEX sales_order_by_delivery ON sales_order (company_id, branch_id, delivered_at)',
  'CREATE INDEX sales_order_by_customer ON sales_order (company_id, customer_id)',
  'CREATE INDEX sales_order_by_ticket ON sales_order (company_id, ticket)',
  `CREATE INDEX sales_order_unpaid ON sales_order (company_id, branch_id)
     WHERE paid_amount < total AND state <> 'cancelled'`,
];

const LINE = `CREATE TABLE sales_order_line (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  order_id uuid NOT NULL,
  position integer NOT NULL,
  service_id uuid NOT NULL,
  service_name text NOT NULL,
  unit_price bigint NOT NULL CHECK (unit_price >= 0),
  quantity numeric(12,3) NOT NULL CHECK (quantity > 0),
  total bigint NOT NULL CHECK (total >= 0),
  garment_tags text[] NOT NULL,
  notes text,
  FOREIGN KEY (company_id, order_id) REFERENCES sales_order (company_id, id),
  FOREIGN KEY (company_id, service_id) REFERENCES sales_service (company_id, id)
)`;

const LINE_INDEX =
  'CREATE INDEX sales_order_line_by_order ON sales_order_line (company_id, order_id, position)';
