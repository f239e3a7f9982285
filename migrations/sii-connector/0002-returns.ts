import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** Returns (Form 29), and the dated figures that an operator enters. */
export class Returns implements MigrationInterface {
  readonly name = 'Returns0002';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [RETURN, FIGURE, ...INDEXES, GUARD, TRIGGER]);
    await isolateCompanies(runner, 'sii_connector_return', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'sii_connector_figure', 'SELECT, INSERT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP TABLE sii_connector_figure, sii_connector_return',
      'DROP FUNCTION sii_connector_keep_filed()',
    ]);
  }
}

const PERIOD = `CHECK (period ~ '^20[0-9]{2}(0[1-9]|1[0-2])$')`;

const RETURN = `CREATE TABLE sii_connector_return (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  period text NOT NULL ${PERIOD},
  revision integer NOT NULL CHECK (revision BETWEEN 1 AND 99),
  state text NOT NULL CHECK (state IN ('draft', 'computed', 'validated', 'exported', 'sent',
    'filed', 'paid', 'payment_rejected', 'rectified')),
  codes jsonb NOT NULL,
  entered jsonb NOT NULL,
  computed jsonb,
  proposal jsonb,
  ledger jsonb,
  fees jsonb,
  carried jsonb,
  findings jsonb NOT NULL,
  acknowledgements jsonb NOT NULL,
  computed_at timestamptz(3),
  due_date date,
  amount bigint NOT NULL,
  already_paid bigint NOT NULL,
  prepared_by uuid,
  approved_by uuid,
  exported_at timestamptz(3),
  folio text CHECK (folio ~ '^[0-9]{1,12}$'),
  filed_on date,
  paid_on date,
  paid_amount bigint CHECK (paid_amount >= 0),
  rectifies_id uuid,
  rectified_by_id uuid,
  UNIQUE (company_id, id),
  CONSTRAINT sii_connector_return_key UNIQUE (company_id, period, revision),
  CONSTRAINT sii_connector_return_folio_key UNIQUE (company_id, folio),
  FOREIGN KEY (company_id, rectifies_id) REFERENCES sii_connector_return (company_id, id),
  FOREIGN KEY (company_id, rectified_by_id) REFERENCES sii_connector_return (company_id, id),
  CHECK ((revision = 1) = (rectifies_id IS NULL)),
  CHECK (state NOT IN ('filed', 'paid', 'rectified') OR (folio IS NOT NULL AND filed_on IS NOT NULL)),
  CHECK (state <> 'paid' OR paid_on IS NOT NULL)
)`;

const FIGURE = `CREATE TABLE sii_connector_figure (
  id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL,
  kind text NOT NULL CHECK (kind IN ('utm', 'vat', 'fee-retention', 'ppm', 'proportionality')),
  period text NOT NULL ${PERIOD},
  value numeric(14, 3) NOT NULL CHECK (value >= 0),
  source text NOT NULL,
  entered_by uuid,
  UNIQUE (company_id, id)
)`;

const INDEXES = [
  'CREATE INDEX sii_connector_return_by_time ON sii_connector_return (company_id, created_at, id)',
  'CREATE INDEX sii_connector_return_by_period ON sii_connector_return (company_id, period, id)',
  `CREATE INDEX sii_connector_return_by_state
     ON sii_connector_return (company_id, state, created_at, id)`,
  'CREATE INDEX sii_connector_figure_by_time ON sii_connector_figure (company_id, created_at, id)',
  `CREATE INDEX sii_connector_figure_by_kind
     ON sii_connector_figure (company_id, kind, created_at, id)`,
  `CREATE INDEX sii_connector_figure_by_period
     ON sii_connector_figure (company_id, period, created_at, id)`,
];

// What was filed is what was filed: a program with a fault cannot change it either.
const GUARD = `CREATE FUNCTION sii_connector_keep_filed() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF (OLD.period, OLD.revision, OLD.codes, OLD.entered, OLD.amount, OLD.folio, OLD.filed_on)
      IS DISTINCT FROM
      (NEW.period, NEW.revision, NEW.codes, NEW.entered, NEW.amount, NEW.folio, NEW.filed_on)
    THEN RAISE EXCEPTION 'A filed return does not change.' USING ERRCODE = '23514',
      CONSTRAINT = 'sii_connector_return_filed';
    END IF;
    RETURN NEW;
  END $$`;

const TRIGGER = `CREATE TRIGGER sii_connector_return_filed BEFORE UPDATE ON sii_connector_return
  FOR EACH ROW WHEN (OLD.state IN ('filed', 'paid', 'rectified'))
  EXECUTE FUNCTION sii_connector_keep_filed()`;
