import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, run } from '../sql.js';

/** The tax ledger: imports, their raw files, documents bought and sold, fees received. */
export class Ledger implements MigrationInterface {
  readonly name = 'Ledger0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [IMPORT, FILE, DOCUMENT, FEE, ...INDEXES]);
    await isolateCompanies(runner, 'sii_connector_import', 'SELECT, INSERT');
    await isolateCompanies(runner, 'sii_connector_import_file', 'SELECT, INSERT');
    await isolateCompanies(runner, 'sii_connector_document', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'sii_connector_fee', 'SELECT, INSERT, UPDATE');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `DROP TABLE sii_connector_fee, sii_connector_document, sii_connector_import_file,
         sii_connector_import`,
    ]);
  }
}

const ROW = `id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL`;

const RECORD = `id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  import_id uuid NOT NULL`;

const PERIOD = `CHECK (period ~ '^20[0-9]{2}(0[1-9]|1[0-2])$')`;

// Documents and fees name their import without a foreign key: both are written in one transaction
// by one statement, and looking a million times for the same row takes as long as the rows do.
const IMPORT = `CREATE TABLE sii_connector_import (
  ${ROW},
  kind text NOT NULL CHECK (kind IN ('rcv-compra', 'rcv-venta', 'dte', 'honorarios')),
  period text ${PERIOD},
  section text CHECK (section IN ('REGISTRO', 'PENDIENTE', 'NO_INCLUIR', 'RECLAMADO')),
  file_name text,
  sha256 text NOT NULL,
  bytes bigint NOT NULL,
  encoding text NOT NULL,
  documents integer NOT NULL,
  imported integer NOT NULL,
  changed integer NOT NULL,
  skipped integer NOT NULL,
  warnings jsonb NOT NULL,
  imported_by uuid,
  UNIQUE (company_id, id),
  CHECK (documents = imported + skipped AND changed <= imported)
)`;

const FILE = `CREATE TABLE sii_connector_import_file (
  ${ROW},
  content bytea NOT NULL,
  FOREIGN KEY (company_id, id) REFERENCES sii_connector_import (company_id, id)
)`;

const DOCUMENT = `CREATE TABLE sii_connector_document (
  ${RECORD},
  origin text NOT NULL CHECK (origin IN ('rcv', 'dte')),
  book text NOT NULL CHECK (book IN ('purchase', 'sale')),
  section text NOT NULL CHECK (section IN ('REGISTRO', 'PENDIENTE', 'NO_INCLUIR', 'RECLAMADO')),
  period text NOT NULL ${PERIOD},
  dte_type integer NOT NULL CHECK (dte_type BETWEEN 1 AND 999),
  folio bigint NOT NULL CHECK (folio BETWEEN 0 AND 9999999999),
  summary text NOT NULL CHECK ((summary = '') = (folio > 0)),
  documents integer NOT NULL CHECK (documents > 0),
  counterpart_rut text NOT NULL,
  counterpart_name text,
  issue_date date NOT NULL,
  received_at timestamptz(3),
  acknowledged_at timestamptz(3),
  claimed_at timestamptz(3),
  claimed boolean NOT NULL,
  transaction_type text CHECK (transaction_type IN ('DEL_GIRO', 'SUPERMERCADO', 'BIENES_RAICES',
    'ACTIVO_FIJO', 'IVA_USO_COMUN', 'IVA_NO_RECUPERABLE', 'NO_INCLUIR')),
  exempt bigint NOT NULL,
  net bigint NOT NULL,
  vat bigint NOT NULL,
  vat_non_recoverable bigint NOT NULL,
  vat_non_recoverable_code integer CHECK (vat_non_recoverable_code BETWEEN 1 AND 9),
  vat_common_use bigint NOT NULL,
  fixed_asset_net bigint NOT NULL,
  fixed_asset_vat bigint NOT NULL,
  tax_without_credit bigint NOT NULL,
  vat_not_withheld bigint NOT NULL,
  vat_withheld_total bigint NOT NULL,
  vat_withheld_partial bigint NOT NULL,
  vat_late bigint NOT NULL,
  total bigint NOT NULL,
  other_taxes jsonb NOT NULL,
  details jsonb NOT NULL,
  corrects_purchase_invoice boolean NOT NULL,
  reference_type integer,
  reference_folio text,
  row_number integer NOT NULL,
  raw text,
  CONSTRAINT sii_connector_document_key
    UNIQUE (company_id, book, counterpart_rut, dte_type, folio, summary)
)`;

const FEE = `CREATE TABLE sii_connector_fee (
  ${RECORD},
  period text NOT NULL ${PERIOD},
  kind text NOT NULL CHECK (kind IN ('BHE', 'BTE')),
  number bigint NOT NULL CHECK (number BETWEEN 1 AND 9999999999),
  issuer_rut text NOT NULL,
  issuer_name text,
  issue_date date NOT NULL,
  paid_on date,
  voided boolean NOT NULL,
  gross bigint NOT NULL,
  withheld bigint NOT NULL,
  net bigint NOT NULL,
  row_number integer NOT NULL,
  raw text NOT NULL,
  CONSTRAINT sii_connector_fee_key UNIQUE (company_id, issuer_rut, kind, number),
  CHECK (net = gross - withheld)
)`;

const byTime = (table: string, name: string, columns: string, where = ''): string =>
  `CREATE INDEX sii_connector_${table}_by_${name}
     ON sii_connector_${table} (company_id, ${columns}created_at, id)${where}`;

const INDEXES = [
  byTime('import', 'time', ''),
  byTime('import', 'kind', 'kind, '),
  byTime('import', 'period', 'period, '),
  byTime('document', 'time', ''),
  byTime('document', 'period', 'period, '),
  byTime('document', 'book', 'book, '),
  byTime('document', 'counterpart', 'counterpart_rut, '),
  // Most documents are invoices in the register, and are found in the order of time.
  byTime('document', 'type', 'dte_type, ', ' WHERE dte_type <> 33'),
  byTime('document', 'section', 'section, ', ` WHERE section <> 'REGISTRO'`),
  'CREATE INDEX sii_connector_document_by_import ON sii_connector_document (company_id, import_id)',
  byTime('document', 'folio', 'folio, '),
  `CREATE INDEX sii_connector_document_by_reference ON sii_connector_document
     (company_id, reference_type, reference_folio) WHERE reference_folio IS NOT NULL`,
  byTime('fee', 'time', ''),
  byTime('fee', 'period', 'period, '),
  byTime('fee', 'issuer', 'issuer_rut, '),
];
