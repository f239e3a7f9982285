import type { Book, TransactionType } from '../document/document.entity.js';

/** What a document is for VAT: with credit or debit, without a credit, or exempt. */
type Nature = 'affected' | 'creditless' | 'exempt';

/** The origin of sales that no document tells of: OFITEC's own orders. */
export const OWN_SALES = 'own-sales';

/** Sums over documents that are alike; amounts are whole pesos, never signed by kind. */
export interface LedgerGroup {
  readonly book: Book;
  readonly section: string;
  readonly claimed: boolean;
  readonly origin: string;
  readonly dteType: number;
  readonly transactionType: TransactionType | null;
  readonly nature: Nature;
  readonly correctsPurchaseInvoice: boolean;
  readonly documents: number;
  readonly exempt: number;
  readonly net: number;
  readonly vat: number;
  readonly vatNonRecoverable: number;
  readonly vatCommonUse: number;
  readonly total: number;
  /** Documents whose VAT is written both as recoverable and as of a fixed asset. */
  readonly doubled: number;
}

/** What of a document goes into a code; `common` is taken times the proportionality of the month. */
export type Measure = 'documents' | 'exempt' | 'net' | 'vat' | 'vatNonRecoverable' | 'common';

/** Documents that go into a code, and with what. */
export interface Entry {
  readonly code: string;
  readonly book: Book;
  readonly types: readonly number[];
  /** Transaction types; a document without one is of the ordinary business (DEL_GIRO). */
  readonly of: readonly TransactionType[];
  readonly natures: readonly Nature[];
  readonly measure: Measure;
  readonly sign: 1 | -1;
  readonly source: string;
}

const INVOICES = [30, 33];
const DEBIT_NOTES = [55, 56];
export const CREDIT_NOTES: readonly number[] = [60, 61];
const EXEMPT_SALES = [32, 34, 38, 41];
const RECEIPTS = [35, 39];
const VOUCHERS = [48];
const PURCHASES = [30, 33, 45, 46];
const ELECTRONIC = [33, 43, 46, 56];

const ORDINARY: readonly TransactionType[] = ['DEL_GIRO'];
const BUSINESS: readonly TransactionType[] = ['DEL_GIRO', 'BIENES_RAICES'];
const CREDITED: readonly TransactionType[] = [
  ...(['DEL_GIRO', 'SUPERMERCADO', 'BIENES_RAICES', 'ACTIVO_FIJO', 'IVA_USO_COMUN'] as const),
];
const COUNTED: readonly TransactionType[] = [...CREDITED, 'IVA_NO_RECUPERABLE'];
const AFFECTED: readonly Nature[] = ['affected'];
const ANY: readonly Nature[] = ['affected', 'creditless', 'exempt'];

const RCV = 'RCV de ventas y compras; SII, preguntas frecuentes; LDA';
const FORM = 'texto del formulario; SII, preguntas frecuentes';
const DERIVED = 'deducido: el RCV no lo dice';

type Draft = Pick<Entry, 'types' | 'of'> & Partial<Pick<Entry, 'natures' | 'sign' | 'source'>>;

/** A row of the form with a number of documents and an amount. */
function row(book: Book, count: string, amount: string, measure: Measure, draft: Draft): Entry[] {
  const rest = { natures: AFFECTED, sign: 1 as const, source: RCV, ...draft, book };
  return [
    { ...rest, code: count, measure: 'documents' },
    { ...rest, code: amount, measure },
  ];
}

function amount(book: Book, code: string, measure: Measure, draft: Draft): Entry {
  return { natures: ANY, sign: 1, source: RCV, ...draft, book, code, measure };
}

const SALES: readonly Entry[] = [
  ...row('sale', '503', '502', 'vat', { types: INVOICES, of: ORDINARY, natures: ANY }),
  ...row('sale', '763', '764', 'vat', { types: INVOICES, of: ['BIENES_RAICES'], source: FORM }),
  ...row('sale', '716', '717', 'vat', {
    ...{ types: [...INVOICES, ...DEBIT_NOTES], of: ['ACTIVO_FIJO'], source: FORM },
  }),
  ...row('sale', '110', '111', 'vat', { types: RECEIPTS, of: BUSINESS, natures: ANY }),
  ...row('sale', '758', '759', 'vat', { types: VOUCHERS, of: BUSINESS, natures: ANY }),
  ...row('sale', '512', '513', 'vat', { types: DEBIT_NOTES, of: BUSINESS }),
  ...row('sale', '509', '510', 'vat', { types: CREDIT_NOTES, of: BUSINESS }),
  ...row('sale', '733', '734', 'vat', { types: CREDIT_NOTES, of: ['ACTIVO_FIJO'], source: FORM }),
  ...row('sale', '586', '142', 'exempt', { types: EXEMPT_SALES, of: BUSINESS, natures: ANY }),
  amount('sale', '142', 'exempt', {
    types: [...INVOICES, ...RECEIPTS, ...VOUCHERS, ...DEBIT_NOTES],
    of: BUSINESS,
  }),
  amount('sale', '142', 'exempt', { types: CREDIT_NOTES, of: BUSINESS, sign: -1 }),
  ...row('sale', '714', '715', 'exempt', {
    ...{ types: EXEMPT_SALES, of: ['ACTIVO_FIJO'], natures: ANY, source: FORM },
  }),
  ...row('sale', '585', '20', 'exempt', { types: [101, 110], of: BUSINESS, natures: ANY }),
  amount('sale', '20', 'exempt', { types: [104, 111], of: BUSINESS, source: DERIVED }),
  amount('sale', '20', 'exempt', { types: [106, 112], of: BUSINESS, sign: -1, source: DERIVED }),
];

const INCOME = [...INVOICES, ...RECEIPTS, ...VOUCHERS, ...DEBIT_NOTES, ...EXEMPT_SALES];
const GROSS = 'SII, preguntas frecuentes: ingresos brutos sin IVA';

/** Gross income without VAT, the base of PPM: of the ordinary business only. */
const PPM_BASE: readonly Entry[] = (['net', 'exempt'] as const).flatMap((measure) => [
  amount('sale', '563', measure, {
    ...{ types: [...INCOME, 101, 104, 110, 111], of: BUSINESS, source: GROSS },
  }),
  amount('sale', '563', measure, {
    ...{ types: [...CREDIT_NOTES, 106, 112], of: BUSINESS, sign: -1, source: GROSS },
  }),
]);

/** Count and amount codes of purchases by their transaction type. */
const CREDITS: readonly (readonly [string, string, TransactionType[]])[] = [
  ['519', '520', ['DEL_GIRO', 'IVA_USO_COMUN']],
  ['761', '762', ['SUPERMERCADO']],
  ['765', '766', ['BIENES_RAICES']],
  ['524', '525', ['ACTIVO_FIJO']],
];

const COMMON = 'art. 23 N.º 3 DL 825: IVA de uso común por la proporcionalidad del mes';

const BOUGHT: readonly Entry[] = [
  ...CREDITS.flatMap(([count, code, of]) => [
    ...row('purchase', count, code, 'vat', { types: PURCHASES, of }),
    amount('purchase', code, 'common', { types: PURCHASES, of, source: COMMON }),
  ]),
  ...row('purchase', '527', '528', 'vat', { types: CREDIT_NOTES, of: CREDITED }),
  amount('purchase', '528', 'common', { types: CREDIT_NOTES, of: CREDITED, source: COMMON }),
  ...row('purchase', '531', '532', 'vat', { types: DEBIT_NOTES, of: CREDITED }),
  amount('purchase', '532', 'common', { types: DEBIT_NOTES, of: CREDITED, source: COMMON }),
  ...row('purchase', '534', '535', 'vat', { types: [914], of: ORDINARY }),
  ...row('purchase', '536', '553', 'vat', { types: [914], of: ['ACTIVO_FIJO'] }),
  ...row('purchase', '564', '521', 'net', {
    ...{ types: PURCHASES, of: COUNTED, natures: ['creditless'] },
  }),
  amount('purchase', '521', 'net', {
    ...{ types: CREDIT_NOTES, of: COUNTED, natures: ['creditless'], sign: -1, source: DERIVED },
  }),
  ...row('purchase', '584', '562', 'exempt', {
    ...{ types: [32, 34, 38, 41], of: COUNTED, natures: ANY },
  }),
  amount('purchase', '562', 'exempt', { types: [...PURCHASES, ...DEBIT_NOTES], of: COUNTED }),
  amount('purchase', '562', 'exempt', {
    ...{ types: CREDIT_NOTES, of: COUNTED, sign: -1, source: DERIVED },
  }),
  amount('purchase', '511', 'vat', { types: ELECTRONIC, of: CREDITED }),
  amount('purchase', '511', 'vat', { types: [61], of: CREDITED, sign: -1 }),
  amount('purchase', '514', 'vatNonRecoverable', { types: ELECTRONIC, of: COUNTED }),
  amount('purchase', '514', 'vatNonRecoverable', { types: [61], of: COUNTED, sign: -1 }),
];

/** Which documents of the register make which code, with what and why. */
export const ENTRIES: readonly Entry[] = [...SALES, ...PPM_BASE, ...BOUGHT];

/** Whether documents of the group belong to the entry at all. */
function belongs(entry: Entry, group: LedgerGroup): boolean {
  return (
    isDeclared(group) &&
    !group.correctsPurchaseInvoice &&
    entry.book === group.book &&
    entry.types.includes(group.dteType) &&
    entry.of.includes(group.transactionType ?? 'DEL_GIRO') &&
    entry.natures.includes(group.nature)
  );
}

/** Only the register counts, and no document that was claimed (SII, preguntas frecuentes). */
export function isDeclared({ section, claimed, transactionType }: LedgerGroup): boolean {
  return section === 'REGISTRO' && !claimed && transactionType !== 'NO_INCLUIR';
}

/** What a ledger says of the codes. */
export interface LedgerCodes {
  readonly codes: ReadonlyMap<string, number>;
  /** Whether VAT of common use was left out, since nobody knows the month's proportionality. */
  readonly lacksProportionality: boolean;
}

/**
 * Adds the documents of a month up by code. What adds up to nothing has no code, so that an empty
 * line of the form stays empty.
 *
 * @param proportionality percent of VAT of common use that is a credit; null when not known
 */
export function codesOf(
  groups: readonly LedgerGroup[],
  proportionality: number | null,
): LedgerCodes {
  const sums = new Map<string, number>();
  const common = new Map<string, number>();
  for (const entry of ENTRIES) {
    for (const group of groups) {
      if (!belongs(entry, group)) continue;
      const into = entry.measure === 'common' ? common : sums;
      const value = entry.sign * measured(group, entry.measure);
      into.set(entry.code, (into.get(entry.code) ?? 0) + value);
    }
  }
  for (const [code, value] of common) {
    const thousandths = Math.round((proportionality ?? 0) * 1000);
    const part = Number((BigInt(value) * BigInt(thousandths) + 50_000n) / 100_000n);
    sums.set(code, (sums.get(code) ?? 0) + part);
  }
  const lacksProportionality = proportionality === null && [...common.values()].some(Boolean);
  return { codes: new Map([...sums].filter(([, value]) => value !== 0)), lacksProportionality };
}

function measured(group: LedgerGroup, measure: Measure): number {
  return measure === 'common' ? group.vatCommonUse : group[measure];
}

/** Groups of the register that go into no line of the form. */
export function unmapped(groups: readonly LedgerGroup[]): LedgerGroup[] {
  return groups.filter(
    (group) => isDeclared(group) && !ENTRIES.some((entry) => belongs(entry, group)),
  );
}
