import { CREDIT_NOTES, isDeclared, OWN_SALES, unmapped } from './ledger-map.js';
import type { LedgerGroup } from './ledger-map.js';
import { percentOf } from './formulas.js';
import { remark } from './rule.js';
import type { CheckedReturn, Remark, Rule } from './rule.js';

const FAQ = 'SII, preguntas frecuentes (2025)';

/** Types whose VAT is a part of what the customer paid, and not a rate on top of a net amount. */
const GROSS_TYPES: readonly number[] = [35, 39, 48];

/** What the documents behind the codes give reason to ask. */
export const ledgerRules: readonly Rule[] = [
  {
    name: 'ledger-stale',
    severity: 'error',
    title: {
      es: 'Llegaron documentos después del cálculo',
      en: 'Documents came after the return was computed',
    },
    source: 'los códigos se calculan de los documentos del mes',
    check: ({ isStale }) =>
      isStale
        ? [
            remark(
              null,
              'El libro del mes cambió: calcule de nuevo.',
              'The month’s ledger has changed: compute again.',
            ),
          ]
        : [],
  },
  {
    name: 'ledger-empty',
    severity: 'warning',
    title: { es: 'No hay documentos del mes', en: 'There are no documents of the month' },
    source: FAQ,
    check: ({ ledger, numbers }) =>
      ledger?.length === 0
        ? [
            remark(
              null,
              numbers.get('538') || numbers.get('537')
                ? 'Nada se importó: los códigos son solo los digitados.'
                : 'Nada se importó: sería una declaración sin movimiento.',
              numbers.get('538') || numbers.get('537')
                ? 'Nothing was imported: the codes are only those typed.'
                : 'Nothing was imported: it would be a return without movement.',
            ),
          ]
        : [],
  },
  {
    name: 'vat-of-documents',
    severity: 'warning',
    title: {
      es: 'El IVA de los documentos no es el de su neto (±1 peso por documento)',
      en: 'The VAT of documents is not that of their net amount (±1 peso each)',
    },
    source: 'DL 825, art. 14; una boleta redondea su IVA por dentro',
    check: (checked) => registered(checked).flatMap((group) => vatRemarks(group, checked)),
  },
  {
    name: 'double-fixed-asset',
    severity: 'warning',
    title: {
      es: 'El IVA de activo fijo viene también como recuperable',
      en: 'VAT of fixed assets comes as recoverable, too',
    },
    source: 'RCV de compras: si una columna contiene a la otra no está dicho',
    check: (checked) => {
      const doubled = registered(checked).reduce((sum, group) => sum + group.doubled, 0);
      if (doubled === 0) return [];
      return [
        remark(
          '525',
          `En ${doubled} documentos ambas columnas llevan monto; se tomó una vez, por su tipo de compra.`,
          `In ${doubled} documents both columns have an amount; it was taken once, by transaction type.`,
        ),
      ];
    },
  },
  {
    name: 'double-voucher',
    severity: 'warning',
    title: {
      es: 'Una venta con voucher y boleta se declara una vez',
      en: 'A sale with a voucher and a receipt is declared once',
    },
    source: FAQ,
    check: ({ numbers }) =>
      (numbers.get('111') ?? 0) > 0 && (numbers.get('759') ?? 0) > 0
        ? [
            remark(
              '759',
              'Hay boletas y comprobantes electrónicos: revise que ninguna venta esté en ambos.',
              'There are receipts and vouchers: see that no sale is in both.',
              { actual: numbers.get('759') ?? 0 },
            ),
          ]
        : [],
  },
  {
    name: 'unmapped-documents',
    severity: 'warning',
    title: {
      es: 'Hay documentos que no van a ninguna línea por sí solos',
      en: 'There are documents that go into no line by themselves',
    },
    source: `${FAQ}: la persona completa liquidaciones y facturas de compra`,
    check: ({ ledger }) =>
      unmapped(ledger ?? []).map(({ book, dteType, documents, vat }) =>
        remark(
          null,
          `${documents} documentos de tipo ${dteType} (${book === 'sale' ? 'ventas' : 'compras'}), IVA ${vat}: complete los códigos.`,
          `${documents} documents of type ${dteType} (${book}s), VAT ${vat}: fill in their codes.`,
          { actual: vat },
        ),
      ),
  },
  {
    name: 'purchases-pending',
    severity: 'info',
    title: {
      es: 'Hay compras pendientes de acuse, que no dan crédito aún',
      en: 'There are purchases not acknowledged, which give no credit yet',
    },
    source: FAQ,
    check: ({ ledger }) => {
      const pending = (ledger ?? []).filter(({ section }) => section === 'PENDIENTE');
      const documents = pending.reduce((sum, group) => sum + group.documents, 0);
      const vat = pending.reduce((sum, group) => sum + group.vat, 0);
      if (documents === 0) return [];
      return [
        remark(
          '520',
          `${documents} documentos con IVA ${vat} esperan acuse.`,
          `${documents} documents with VAT ${vat} wait to be acknowledged.`,
          { actual: vat },
        ),
      ];
    },
  },
  {
    name: 'not-in-register',
    severity: 'warning',
    title: {
      es: 'Hay documentos que solo conoce el DTE, no el RCV',
      en: 'There are documents that only a DTE tells of, not the RCV',
    },
    source: 'el RCV es el respaldo legal de la declaración',
    check: (checked) => {
      const only = registered(checked).filter(({ origin }) => origin === 'dte');
      const documents = only.reduce((sum, group) => sum + group.documents, 0);
      if (documents === 0) return [];
      return [
        remark(
          null,
          `${documents} documentos no están en un RCV importado.`,
          `${documents} documents are in no RCV that was imported.`,
        ),
      ];
    },
  },
  {
    name: 'own-sales',
    severity: 'warning',
    title: {
      es: 'Las ventas son una estimación de OFITEC: no se importó el RCV de ventas',
      en: 'Sales are an estimate of OFITEC’s: no RCV of sales was imported',
    },
    source: 'el SII conoce las ventas por sus documentos',
    check: (checked) =>
      registered(checked)
        .filter(({ origin }) => origin === OWN_SALES)
        .map(({ documents, vat }) =>
          remark(
            '111',
            `${documents} órdenes entregadas como si fueran boletas, IVA ${vat}: importe el RCV de ventas.`,
            `${documents} delivered orders as if they were receipts, VAT ${vat}: import the RCV of sales.`,
            { actual: vat },
          ),
        ),
  },
  {
    name: 'typed-over-documents',
    severity: 'warning',
    title: {
      es: 'Un valor digitado no es el que dan los documentos',
      en: 'A typed value is not what the documents give',
    },
    source: 'los documentos importados del mes',
    check: ({ numbers, computed }) =>
      [...(computed ?? [])].flatMap(([code, expected]) => {
        const actual = numbers.get(code) ?? 0;
        if (actual === expected) return [];
        return [
          remark(
            code,
            `Los documentos dan ${expected} y la declaración dice ${actual}.`,
            `The documents give ${expected} and the return says ${actual}.`,
            { expected, actual },
          ),
        ];
      }),
  },
  {
    name: 'fee-rate',
    severity: 'warning',
    title: {
      es: 'Lo retenido de honorarios no es la tasa del año (±1 peso por boleta)',
      en: 'What was withheld of fees is not the year’s rate (±1 peso each)',
    },
    source: `${FAQ}: 15,25 % en 2026; una boleta del año anterior lleva su propia tasa`,
    check: ({ fees, figures, period }) => {
      const rate = figures.of('fee-retention', period)?.value;
      if (!fees || rate === undefined) return [];
      const expected = percentOf(fees.gross, rate);
      if (Math.abs(expected - fees.withheld) <= fees.documents) return [];
      return [
        remark(
          '151',
          `Con ${rate} % sobre ${fees.gross} sería ${expected}; las boletas retienen ${fees.withheld}.`,
          `At ${rate} % of ${fees.gross} it would be ${expected}; the receipts withhold ${fees.withheld}.`,
          { expected, actual: fees.withheld },
        ),
      ];
    },
  },
  {
    name: 'common-use',
    severity: 'error',
    title: {
      es: 'Falta la proporcionalidad del IVA de uso común',
      en: 'The proportionality of VAT of common use is missing',
    },
    source: 'art. 23 N.º 3 DL 825',
    check: (checked) => {
      const common = registered(checked).reduce((sum, group) => sum + group.vatCommonUse, 0);
      if (common === 0 || checked.figures.of('proportionality', checked.period)) return [];
      return [
        remark(
          '520',
          `Hay IVA de uso común por ${common} y no se conoce el factor del mes: ingréselo como figura.`,
          `There is VAT of common use of ${common} and the month’s factor is not known: enter it as a figure.`,
          { actual: common },
        ),
      ];
    },
  },
];

function registered({ ledger }: CheckedReturn): LedgerGroup[] {
  return (ledger ?? []).filter(isDeclared);
}

function vatRemarks(group: LedgerGroup, { figures, period }: CheckedReturn): Remark[] {
  const { book, dteType, nature, documents, net, vat, vatNonRecoverable, vatCommonUse } = group;
  const rate = figures.of('vat', period)?.value;
  if (nature === 'exempt' || rate === undefined || dteType === 914) return [];
  const actual = vat + vatNonRecoverable + vatCommonUse;
  const expected = GROSS_TYPES.includes(dteType) ? includedVat(group, rate) : percentOf(net, rate);
  if (Math.abs(actual - expected) <= documents) return [];
  const kind = CREDIT_NOTES.includes(dteType) ? 'notas de crédito' : 'documentos';
  const where = book === 'sale' ? 'ventas' : 'compras';
  return [
    remark(
      null,
      `${documents} ${kind} de tipo ${dteType} (${where}): su IVA suma ${actual}, con ${rate} % sería ${expected}.`,
      `${documents} documents of type ${dteType} (${book}s): their VAT adds up to ${actual}, at ${rate} % it would be ${expected}.`,
      { expected, actual },
    ),
  ];
}

/** VAT inside of what was paid: the total less its net amount, rounded half up. */
function includedVat({ total, exempt, net, vat }: LedgerGroup, rate: number): number {
  const paid = total === 0 ? net + vat : total - exempt;
  return paid - Math.round((paid * 100) / (100 + rate));
}
