import { idSeries } from '#kernel';
import type { Book, OtherTax, Section, TransactionType } from '../document/document.entity.js';

/** A document as a file tells it, before the ledger is asked whether it knows it. */
export interface StagedDocument {
  row: number;
  book: Book;
  section: Section;
  /** Null where the whole file is of one period. */
  period: string | null;
  dteType: number;
  folio: number;
  documents: number;
  counterpartRut: string;
  counterpartName: string | null;
  /** `YYYY-MM-DD` */
  issueDate: string;
  /** `YYYY-MM-DD HH:MM:SS` in America/Santiago */
  receivedAt: string | null;
  acknowledgedAt: string | null;
  claimedAt: string | null;
  transactionType: TransactionType | null;
  exempt: number;
  net: number;
  vat: number;
  vatNonRecoverable: number;
  vatNonRecoverableCode: number | null;
  vatCommonUse: number;
  fixedAssetNet: number;
  fixedAssetVat: number;
  taxWithoutCredit: number;
  vatNotWithheld: number;
  vatWithheldTotal: number;
  vatWithheldPartial: number;
  vatLate: number;
  total: number;
  otherTaxes: OtherTax[];
  details: Record<string, string | number> | null;
  correctsPurchaseInvoice: boolean;
  referenceType: number | null;
  referenceFolio: string | null;
  raw: string | null;
}

/** Columns of the staging table in the order of {@link copyLine}, each with its type. */
export const STAGED = {
  id: 'uuid',
  row_number: 'integer',
  book: 'text',
  section: 'text',
  period: 'text',
  dte_type: 'integer',
  folio: 'bigint',
  documents: 'integer',
  counterpart_rut: 'text',
  counterpart_name: 'text',
  issue_date: 'date',
  received_at: 'timestamp',
  acknowledged_at: 'timestamp',
  claimed_at: 'timestamp',
  transaction_type: 'text',
  exempt: 'bigint',
  net: 'bigint',
  vat: 'bigint',
  vat_non_recoverable: 'bigint',
  vat_non_recoverable_code: 'integer',
  vat_common_use: 'bigint',
  fixed_asset_net: 'bigint',
  fixed_asset_vat: 'bigint',
  tax_without_credit: 'bigint',
  vat_not_withheld: 'bigint',
  vat_withheld_total: 'bigint',
  vat_withheld_partial: 'bigint',
  vat_late: 'bigint',
  total: 'bigint',
  other_taxes: 'jsonb',
  details: 'jsonb',
  corrects_purchase_invoice: 'boolean',
  reference_type: 'integer',
  reference_folio: 'text',
  raw: 'text',
} as const;

const newId = idSeries();

/** The document as one line of PostgreSQL's text format. */
export function copyLine(d: StagedDocument): string {
  return (
    `${newId()}\t${d.row}\t${d.book}\t${d.section}\t${d.period ?? '\\N'}\t${d.dteType}\t${d.folio}\t` +
    `${d.documents}\t${d.counterpartRut}\t${text(d.counterpartName)}\t${d.issueDate}\t` +
    `${d.receivedAt ?? '\\N'}\t${d.acknowledgedAt ?? '\\N'}\t${d.claimedAt ?? '\\N'}\t` +
    `${d.transactionType ?? '\\N'}\t${d.exempt}\t${d.net}\t${d.vat}\t${d.vatNonRecoverable}\t` +
    `${d.vatNonRecoverableCode ?? '\\N'}\t${d.vatCommonUse}\t${d.fixedAssetNet}\t${d.fixedAssetVat}\t` +
    `${d.taxWithoutCredit}\t${d.vatNotWithheld}\t${d.vatWithheldTotal}\t${d.vatWithheldPartial}\t` +
    `${d.vatLate}\t${d.total}\t${json(d.otherTaxes, '[]')}\t${json(d.details, '{}')}\t` +
    `${d.correctsPurchaseInvoice ? 't' : 'f'}\t${d.referenceType ?? '\\N'}\t` +
    `${text(d.referenceFolio)}\t${text(d.raw)}\n`
  );
}

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' },
};

/** A text, or null, as a field of PostgreSQL's text format. */
function text(value: string | null): string {
  if (value === null) return '\\N';
  return SPECIAL.test(value)
    ? value.replaceAll(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character)
    : value;
}

function json(value: object | null, empty: string): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return empty;
  return text(JSON.stringify(value));
}
