import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/**
 * Hubs, links and satellites. Rows are only ever added. A rebuild fills a further generation beside the
 * one that is read, and takes its place at once; only a generation that nobody reads is ever deleted.
 */
export class Vault implements MigrationInterface {
  readonly name = 'Vault0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [LOAD, ...LOAD_INDEXES, KEEP]);
    await isolateCompanies(runner, 'warehouse_load', 'SELECT, INSERT, UPDATE, DELETE');
    for (const [table, columns, key] of TABLES) {
      await run(runner, [
        `CREATE TABLE ${table} (company_id uuid NOT NULL, generation integer NOT NULL, ${columns},
           event_id uuid NOT NULL,
           source text NOT NULL,
           recorded_at timestamptz(3) NOT NULL,
           loaded_at timestamptz(3) NOT NULL,
           PRIMARY KEY (company_id, generation, ${key}),
           FOREIGN KEY (company_id, generation) REFERENCES warehouse_load (company_id, generation))`,
        `CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON ${table}
           FOR EACH ROW EXECUTE FUNCTION warehouse_keep()`,
      ]);
      await isolateCompanies(runner, table, 'SELECT, INSERT, DELETE');
    }
    await run(runner, INDEXES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `DROP TABLE ${TABLES.map(([table]) => table).join(', ')}`,
      'DROP TABLE warehouse_load',
      'DROP FUNCTION warehouse_keep()',
    ]);
  }
}

const LOAD = `CREATE TABLE warehouse_load (
  company_id uuid NOT NULL REFERENCES kernel_company,
  generation integer NOT NULL CHECK (generation > 0),
  mapping integer NOT NULL,
  role text NOT NULL CHECK (role IN ('current', 'built', 'retired')),
  last_transaction_id bigint NOT NULL,
  last_event_id uuid NOT NULL,
  last_recorded_at timestamptz(3),
  events bigint NOT NULL CHECK (events >= 0),
  late boolean NOT NULL,
  started_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  PRIMARY KEY (company_id, generation)
)`;

const LOAD_INDEXES = [
  "CREATE UNIQUE INDEX warehouse_load_one_is_read ON warehouse_load (company_id) WHERE role = 'current'",
  "CREATE UNIQUE INDEX warehouse_load_one_is_built ON warehouse_load (company_id) WHERE role = 'built'",
];

// Whoever reads a generation reads it whole: what is read is neither changed nor taken away.
const KEEP = `CREATE FUNCTION warehouse_keep() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM warehouse_load WHERE role = 'current'
        AND company_id = OLD.company_id AND generation = OLD.generation) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'rows of the warehouse are only added' USING ERRCODE = 'restrict_violation';
  END $$`;

const HUB = 'key uuid NOT NULL';
const DIFF = 'hash_diff text NOT NULL';

const TABLES: readonly (readonly [string, string, string])[] = [
  ['warehouse_hub_customer', HUB, 'key'],
  ['warehouse_hub_service', HUB, 'key'],
  ['warehouse_hub_order', HUB, 'key'],
  ['warehouse_hub_payment', HUB, 'key'],
  ['warehouse_hub_session', HUB, 'key'],
  ['warehouse_hub_return', `${HUB}, period text NOT NULL, revision integer NOT NULL`, 'key'],
  [
    'warehouse_link_order',
    'order_key uuid NOT NULL, branch_id uuid NOT NULL, customer_key uuid',
    'order_key',
  ],
  [
    'warehouse_link_order_service',
    'order_key uuid NOT NULL, position integer NOT NULL, service_key uuid NOT NULL',
    'order_key, position',
  ],
  [
    'warehouse_link_payment',
    'payment_key uuid NOT NULL, order_key uuid NOT NULL, session_key uuid NOT NULL, reverses_key uuid',
    'payment_key',
  ],
  [
    'warehouse_sat_customer',
    `customer_key uuid NOT NULL, active boolean NOT NULL, ${DIFF}`,
    'customer_key, event_id',
  ],
  [
    'warehouse_sat_service',
    `service_key uuid NOT NULL, code text NOT NULL, name text, unit text, price bigint, active boolean,
       ${DIFF}`,
    'service_key, event_id',
  ],
  [
    'warehouse_sat_order',
    `order_key uuid NOT NULL, business_date date NOT NULL, total bigint NOT NULL, ${DIFF}`,
    'order_key',
  ],
  [
    'warehouse_sat_order_line',
    `order_key uuid NOT NULL, position integer NOT NULL, thousandths bigint NOT NULL,
       unit_price bigint NOT NULL, total bigint NOT NULL, ${DIFF}`,
    'order_key, position',
  ],
  [
    'warehouse_sat_order_step',
    `order_key uuid NOT NULL, step text NOT NULL, happened_on date NOT NULL, period text NOT NULL,
       gross bigint NOT NULL, net bigint NOT NULL, vat bigint NOT NULL, ${DIFF}`,
    'order_key, event_id',
  ],
  [
    'warehouse_sat_payment',
    `payment_key uuid NOT NULL, kind text NOT NULL, method text NOT NULL, amount bigint NOT NULL, ${DIFF}`,
    'payment_key',
  ],
  [
    'warehouse_sat_session',
    `session_key uuid NOT NULL, state text NOT NULL, branch_id uuid NOT NULL, register_id uuid NOT NULL,
       cashier_id uuid NOT NULL, business_date date NOT NULL, ${DIFF}`,
    'session_key, event_id',
  ],
  [
    'warehouse_sat_return_state',
    `return_key uuid NOT NULL, state text NOT NULL, ${DIFF}`,
    'return_key, event_id',
  ],
  [
    'warehouse_sat_return_sales',
    `return_key uuid NOT NULL, debit bigint, debit_origin text, receipts bigint, receipts_vat bigint,
       receipts_origin text, ${DIFF}`,
    'return_key, event_id',
  ],
];

const INDEXES = [
  'CREATE INDEX warehouse_sat_order_by_day ON warehouse_sat_order (company_id, generation, business_date)',
  `CREATE INDEX warehouse_sat_order_step_by_period ON warehouse_sat_order_step (company_id, generation, period)
     WHERE step = 'delivered'`,
  `CREATE INDEX warehouse_sat_session_by_day ON warehouse_sat_session (company_id, generation, business_date)
     WHERE state = 'open'`,
  'CREATE INDEX warehouse_link_payment_by_session ON warehouse_link_payment (company_id, generation, session_key)',
  'CREATE INDEX warehouse_hub_return_by_period ON warehouse_hub_return (company_id, generation, period)',
];
