import { ENTRIES } from './ledger-map.js';
import type { Entry, Measure } from './ledger-map.js';

/**
 * VAT that is a credit or a debit. Where a purchase of a fixed asset writes it in the column of
 * fixed assets only, it is taken from there; where both say something, once.
 */
export const CREDIT_VAT = `(CASE WHEN vat = 0 AND book = 'purchase'
  AND transaction_type = 'ACTIVO_FIJO' THEN fixed_asset_vat ELSE vat END)`;

export const HAS_VAT = `(vat <> 0 OR vat_common_use <> 0
  OR (fixed_asset_vat <> 0 AND book = 'purchase' AND coalesce(transaction_type = 'ACTIVO_FIJO', false)))`;
export const IS_CREDITLESS = `(vat_non_recoverable <> 0
  OR coalesce(transaction_type = 'IVA_NO_RECUPERABLE', false))`;

/** What a document is for VAT, from three questions: affected, creditless or exempt. */
function natureOf(hasVat: string, isCreditless: string, hasNet: string): string {
  return `(CASE WHEN ${hasVat} THEN 'affected' WHEN ${isCreditless} THEN 'creditless'
    WHEN ${hasNet} THEN 'affected' ELSE 'exempt' END)`;
}

const NATURE = natureOf(HAS_VAT, IS_CREDITLESS, 'net <> 0');

/** The same where the questions are answered in columns. */
export const NATURE_OF_ALIKE = natureOf('has_vat', 'is_creditless', 'has_net');

const COLUMNS: Readonly<Record<Measure, string>> = {
  documents: 'documents',
  exempt: 'exempt',
  net: 'net',
  vat: CREDIT_VAT,
  vatNonRecoverable: 'vat_non_recoverable',
  common: 'vat_common_use',
};

const words = (of: readonly string[]): string => of.map((word) => `'${word}'`).join(', ');

/** Which documents belong to an entry; words of this program only, never of a client. */
function conditionOf({ book, types, of, natures }: Entry): string {
  return `(book = '${book}' AND dte_type IN (${types.join(', ')})
    AND coalesce(transaction_type, 'DEL_GIRO') IN (${words(of)}) AND ${NATURE} IN (${words(natures)}))`;
}

/** A statement over the documents behind a code, or null when none are. */
export interface CodeSql {
  /** Whether a document belongs to the code. */
  readonly where: string;
  /** What it adds; without what depends on the proportionality of the month. */
  readonly contribution: string;
  /** Its VAT of common use, of which the proportionality is taken. */
  readonly common: string;
}

/** The SQL of a code that is made of documents; null for any other. */
export function sqlOfCode(code: string): CodeSql | null {
  const entries = ENTRIES.filter((entry) => entry.code === code);
  if (entries.length === 0) return null;
  const sum = (some: readonly Entry[]): string =>
    some
      .map((entry) => {
        const column = COLUMNS[entry.measure];
        return `CASE WHEN ${conditionOf(entry)} THEN ${entry.sign} * ${column} ELSE 0 END`;
      })
      .join(' + ') || '0';
  return {
    where: entries.map(conditionOf).join(' OR '),
    contribution: sum(entries.filter(({ measure }) => measure !== 'common')),
    common: sum(entries.filter(({ measure }) => measure === 'common')),
  };
}
