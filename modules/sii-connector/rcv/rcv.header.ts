import type { Findings } from '../import/import.findings.js';
import type { ImportKind } from '../import/import.entity.js';
import type { Section } from '../document/document.entity.js';
import { columnOf, detailOf, plain, REQUIRED, REQUIRED_OF_TOTALS } from './rcv.columns.js';
import type { RcvColumn } from './rcv.columns.js';

/** Where a file of the RCV has what. */
export interface RcvHeader {
  readonly kind: ImportKind;
  /** As the columns show it; null where several sections have these. */
  readonly section: Section | null;
  readonly columns: number;
  /** It holds a total of each type (resumen) and no documents. */
  readonly isTotals: boolean;
  readonly at: Readonly<Partial<Record<RcvColumn, number>>>;
  readonly details: readonly { readonly name: string; readonly at: number }[];
  /** Where the groups of code, amount and rate of further taxes begin. */
  readonly otherTaxes: readonly number[];
  readonly names: readonly string[];
}

/** Reads the first record of a file. @returns null, and says why, when it is no RCV's */
export function readHeader(
  fields: readonly string[],
  asked: ImportKind,
  findings: Findings,
): RcvHeader | null {
  const names = trimmed(fields);
  const plains = names.map(plain);
  const isTotals = plains.some((word) => columnOf(word) === 'documents');
  // Totals of purchases and of sales have the same columns.
  const kind = isTotals && asked.startsWith('rcv') ? asked : kindOf(plains);
  if (kind === null) {
    findings.error('not-rcv', { row: 1 }, { expected: asked });
    return null;
  }
  if (kind !== asked) findings.error('other-kind', { row: 1 }, { found: kind, asked });
  const at: Partial<Record<RcvColumn, number>> = {};
  const details: { name: string; at: number }[] = [];
  const otherTaxes: number[] = [];
  for (const [index, word] of plains.entries()) {
    const column = columnOf(word);
    const detail = detailOf(word);
    const name = names[index] ?? '';
    if (column === 'otherTaxCode') otherTaxes.push(index);
    if (column !== undefined) {
      const isGroup = column.startsWith('otherTax');
      if (at[column] !== undefined && !isGroup) {
        findings.error('column-repeated', { row: 1, column: name }, { name });
      }
      at[column] ??= index;
    } else if (detail !== undefined) details.push({ name: detail, at: index });
    else if (word !== '') findings.warn('column-unknown', { row: 1, column: name }, { name });
  }
  for (const [column, name] of Object.entries(isTotals ? REQUIRED_OF_TOTALS : REQUIRED)) {
    if (at[column as RcvColumn] === undefined) {
      findings.error('column-missing', { row: 1, column: name }, { name });
    }
  }
  const section = isTotals ? null : sectionOf(kind, at, details);
  return { kind, isTotals, at, details, otherTaxes, names, section, columns: names.length };
}

function trimmed(fields: readonly string[]): string[] {
  const names = fields.map((field) => field.trim());
  while (names.at(-1) === '') names.pop();
  return names;
}

function kindOf(plains: readonly string[]): ImportKind | null {
  if (!plains.includes('folio') || !plains.some((word) => columnOf(word) === 'dteType'))
    return null;
  if (plains.includes('rutproveedor') || plains.includes('tipocompra')) return 'rcv-compra';
  if (plains.includes('rutcliente') || plains.includes('tipoventa')) return 'rcv-venta';
  return null;
}

function sectionOf(
  kind: ImportKind,
  at: RcvHeader['at'],
  details: RcvHeader['details'],
): Section | null {
  if (kind === 'rcv-venta') return 'REGISTRO';
  if (at.acknowledgedAt === undefined)
    return at.claimedAt === undefined ? 'PENDIENTE' : 'RECLAMADO';
  return details.some(({ name }) => name.startsWith('tabacos')) ? 'REGISTRO' : null;
}
