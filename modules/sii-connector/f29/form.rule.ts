import { COUNTED_ROWS, formCode } from '../tables/form.js';
import { remark } from './rule.js';
import type { Remark, Rule } from './rule.js';

/** Codes that may be negative (instructions of 2010; SII, preguntas frecuentes, 2025). */
const MAY_BE_NEGATIVE: readonly string[] = ['538', '743', '745', '537', '596', '740', '741'];
const DERIVED_NEGATIVE: readonly string[] = ['127', '544', '511', '514', '142', '563'];

/** Of each pair at most one is more than nothing. */
const EXCLUSIVE: readonly (readonly [string, string])[] = [
  ...[['89', '77'] as const, ['550', '549'] as const, ['506', '507'] as const],
  ...[['103', '104'] as const, ['814', '815'] as const],
];

const FORM = 'texto del formulario';
const FAQ = 'SII, preguntas frecuentes (2025)';

/** What a code may hold at all, and what goes with what. */
export const formRules: readonly Rule[] = [
  {
    name: 'sign',
    severity: 'error',
    title: { es: 'El código no admite valores negativos', en: 'The code takes no negative value' },
    source: `instrucciones del formulario (2010); ${FAQ}`,
    check: ({ numbers }) =>
      [...numbers]
        .filter(([code, value]) => value < 0 && !MAY_BE_NEGATIVE.includes(code))
        .filter(([code]) => !DERIVED_NEGATIVE.includes(code))
        .map(([code, actual]) =>
          remark(
            code,
            'Se escribe sin signo; lo que resta tiene su propio código.',
            'It is written without a sign; what is taken away has a code of its own.',
            { actual },
          ),
        ),
  },
  {
    name: 'negative-base',
    severity: 'warning',
    title: { es: 'Las notas de crédito superan a las ventas', en: 'Credit notes exceed sales' },
    source: FAQ,
    check: ({ numbers }) =>
      [...DERIVED_NEGATIVE, '538', '537']
        .filter((code) => (numbers.get(code) ?? 0) < 0)
        .map((code) =>
          remark(
            code,
            'Es negativo: el formulario pide un valor sin signo o nada.',
            'It is negative: the form wants a value without a sign, or none.',
            { actual: numbers.get(code) ?? 0 },
          ),
        ),
  },
  {
    name: 'not-a-number',
    severity: 'error',
    title: { es: 'El código lleva un número', en: 'The code holds a number' },
    source: 'tipos de datos del formulario',
    check: ({ codes }) =>
      [...codes]
        .filter(([code, value]) => typeof value === 'string' && isNumeric(code))
        .map(([code]) => remark(code, 'No es un número.', 'It is not a number.')),
  },
  {
    name: 'not-whole',
    severity: 'error',
    title: { es: 'Se declara en pesos, sin centavos', en: 'Whole pesos are declared' },
    source: 'instrucciones del formulario: en pesos y sin centavos',
    check: ({ numbers }) =>
      [...numbers].flatMap(([code, actual]) => {
        const decimals = ['rate', 'quantity'].includes(formCode(code)?.kind ?? '') ? 3 : 0;
        const scaled = actual * 10 ** decimals;
        if (Math.abs(Math.round(scaled) - scaled) < 1e-6 && Math.abs(actual) <= 1e15) return [];
        return [
          remark(
            code,
            decimals === 0 ? 'Debe ser un entero.' : 'Lleva a lo más tres decimales.',
            decimals === 0 ? 'It must be a whole number.' : 'It takes at most three decimals.',
            { actual },
          ),
        ];
      }),
  },
  {
    name: 'rate-range',
    severity: 'error',
    title: { es: 'La tasa va de 0 a 100 por ciento', en: 'A rate goes from 0 to 100 percent' },
    source: FORM,
    check: ({ numbers }) =>
      [...numbers]
        .filter(([code]) => formCode(code)?.kind === 'rate')
        .filter(([, value]) => value < 0 || value > 100)
        .map(([code, actual]) =>
          remark(code, 'Está fuera de rango.', 'It is out of range.', { actual }),
        ),
  },
  {
    name: 'exclusive',
    severity: 'error',
    title: {
      es: 'Se declara el impuesto o el remanente, no ambos',
      en: 'Either the tax or the remainder is declared, never both',
    },
    source: FAQ,
    check: ({ numbers }) =>
      EXCLUSIVE.filter(([a, b]) => (numbers.get(a) ?? 0) > 0 && (numbers.get(b) ?? 0) > 0).map(
        ([a, b]) =>
          remark(
            a,
            `${a} y ${b} no pueden llevar valor a la vez.`,
            `${a} and ${b} cannot both have a value.`,
            { actual: numbers.get(a) ?? 0 },
          ),
      ),
  },
  {
    name: 'count-without-amount',
    severity: 'warning',
    title: { es: 'Hay documentos sin monto', en: 'There are documents without an amount' },
    source: FORM,
    check: ({ numbers }) =>
      uneven(numbers, (count, amount) => count > 0 && amount === 0).map(([count, amount]) =>
        remark(
          amount,
          `El código ${count} cuenta documentos y el ${amount} no tiene monto.`,
          `Code ${count} counts documents and ${amount} has no amount.`,
          { actual: 0 },
        ),
      ),
  },
  {
    name: 'amount-without-count',
    severity: 'warning',
    title: { es: 'Hay un monto sin documentos', en: 'There is an amount without documents' },
    source: FORM,
    check: ({ numbers }) =>
      uneven(numbers, (count, amount) => count === 0 && amount !== 0).map(([count, amount]) =>
        remark(
          count,
          `El código ${amount} tiene monto y el ${count} no cuenta documentos.`,
          `Code ${amount} has an amount and ${count} counts no documents.`,
          { actual: 0 },
        ),
      ),
  },
  {
    name: 'postponed-vat',
    severity: 'error',
    title: {
      es: 'Solo se posterga el IVA determinado',
      en: 'Only the determined VAT can be postponed',
    },
    source: 'art. 64 DL 825',
    check: ({ numbers }) => {
      const [postponed, vat] = [numbers.get('755') ?? 0, numbers.get('89') ?? 0];
      if (postponed <= vat) return [];
      const detail = [
        `755 posterga ${postponed} y el IVA determinado (89) es ${vat}.`,
        `755 postpones ${postponed} and the determined VAT (89) is ${vat}.`,
      ] as const;
      return [remark('755', ...detail, { expected: vat, actual: postponed })];
    },
  },
  {
    name: 'forgiven-without-surcharge',
    severity: 'error',
    title: {
      es: 'No se condona más que los intereses y multas',
      en: 'No more than interest and fines is forgiven',
    },
    source: FORM,
    check: ({ numbers }) => {
      const [forgiven, charged] = [numbers.get('795') ?? 0, numbers.get('93') ?? 0];
      if (forgiven <= charged) return [];
      return [
        remark('795', `Supera al código 93 (${charged}).`, `It exceeds code 93 (${charged}).`, {
          ...{ expected: charged, actual: forgiven },
        }),
      ];
    },
  },
  {
    name: 'header',
    severity: 'error',
    title: {
      es: 'La declaración es de este RUT y período',
      en: 'The return is of this RUT and period',
    },
    source: FORM,
    check: (checked) => headerRemarks(checked),
  },
  {
    name: 'unknown-code',
    severity: 'info',
    title: {
      es: 'Código que el formulario de junio de 2026 no tenía',
      en: 'Code that the form of June 2026 did not have',
    },
    source: 'lista de códigos del formulario, junio de 2026',
    check: ({ codes }) =>
      [...codes.keys()]
        .filter((code) => !formCode(code))
        .map((code) =>
          remark(
            code,
            'Se conserva y no entra en ninguna suma.',
            'It is kept and goes into no sum.',
          ),
        ),
  },
];

function isNumeric(code: string): boolean {
  const kind = formCode(code)?.kind;
  return kind !== undefined && !['text', 'date', 'period'].includes(kind);
}

function uneven(
  numbers: ReadonlyMap<string, number>,
  isUneven: (count: number, amount: number) => boolean,
): (readonly [string, string])[] {
  return COUNTED_ROWS.filter(([count, amount]) =>
    isUneven(numbers.get(count) ?? 0, numbers.get(amount) ?? 0),
  );
}

function headerRemarks({
  codes,
  period,
  rut,
}: Pick<Parameters<Rule['check']>[0], 'codes' | 'period' | 'rut'>): Remark[] {
  const plain = (value: unknown): string =>
    String(value)
      .replace(/[^0-9kK]/g, '')
      .toUpperCase();
  const said = codes.get('15');
  const owner = codes.get('3');
  const otherPeriod = said !== undefined && plain(said) !== period;
  const otherRut = owner !== undefined && rut !== null && plain(owner) !== plain(rut);
  return [
    ...(otherPeriod
      ? [remark('15', `Dice otro período que ${period}.`, `It says another period than ${period}.`)]
      : []),
    ...(otherRut
      ? [remark('3', `Dice otro RUT que ${rut}.`, `It says another RUT than ${rut}.`)]
      : []),
  ];
}
