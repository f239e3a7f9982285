import { filingMonth, previousPeriod } from '../tables/period.js';
import { carryRemainder } from '../tables/figures.js';
import { inFormOrder } from '../tables/form.js';
import { remark } from './rule.js';
import type { CheckedReturn, Remark, Rule } from './rule.js';

const FAQ = 'SII, preguntas frecuentes (2025)';

/** Codes looked at from month to month: sales, purchases, base, withholdings, what is paid. */
const WATCHED: readonly string[] = ['538', '537', '563', '151', '48', '91'];

/** A change is odd from four times and this many pesos on. */
const ODD_PESOS = 500_000;
const ODD_TIMES = 4;

/** PPM rates above this percentage are typing errors more often than not. */
const HIGH_PPM_RATE = 5;

/** What the month before, the SII's proposal and dated figures give reason to ask. */
export const historyRules: readonly Rule[] = [
  {
    name: 'remainder',
    severity: 'warning',
    title: {
      es: 'El remanente no es el del mes anterior reajustado por UTM',
      en: 'The remainder is not that of the month before, readjusted by UTM',
    },
    source: `art. 27 DL 825; ${FAQ}: unidades de UTM con dos decimales`,
    check: (checked) => remainderRemarks(checked),
  },
  {
    name: 'previous-unknown',
    severity: 'info',
    title: { es: 'No se conoce el mes anterior', en: 'The month before is not known' },
    source: 'el remanente y las comparaciones parten del mes anterior',
    check: ({ previous, period, rut }) =>
      previous === null && rut !== null
        ? [
            remark(
              '504',
              `No está la declaración de ${previousPeriod(period)}: digite el código 504 si hay remanente.`,
              `The return of ${previousPeriod(period)} is not here: type code 504 if there is a remainder.`,
            ),
          ]
        : [],
  },
  {
    name: 'ppm-rate-unknown',
    severity: 'error',
    title: { es: 'Falta la tasa de PPM', en: 'The rate of PPM is missing' },
    source: 'art. 84 LIR; la tasa depende del régimen',
    check: ({ numbers }) =>
      (numbers.get('563') ?? 0) > 0 && !numbers.has('115')
        ? [
            remark(
              '115',
              'Hay base de PPM y no hay tasa: digite el 115 o ingrese la figura "ppm".',
              'There is a base of PPM and no rate: type 115, or enter the figure "ppm".',
            ),
          ]
        : [],
  },
  {
    name: 'ppm-rate-odd',
    severity: 'warning',
    title: {
      es: 'La tasa de PPM no es la esperada',
      en: 'The rate of PPM is not the expected one',
    },
    source: `${FAQ}; figura "ppm" de la empresa`,
    check: ({ numbers, figures, period }) => {
      const actual = numbers.get('115');
      const known = figures.of('ppm', period);
      if (actual === undefined) return [];
      if (known && known.value !== actual) {
        const { value, source } = known;
        return [
          remark(
            '115',
            `Se declara ${actual} % y la figura del período es ${value} % (${source}).`,
            `${actual} % is declared and the period’s figure is ${value} % (${source}).`,
            { expected: value, actual },
          ),
        ];
      }
      if (actual <= HIGH_PPM_RATE) return [];
      return [remark('115', `${actual} % es mucho.`, `${actual} % is a lot.`, { actual })];
    },
  },
  {
    name: 'ppm-base',
    severity: 'warning',
    title: {
      es: 'La base de PPM no es el ingreso que muestran las ventas',
      en: 'The base of PPM is not the income that the sales show',
    },
    source: `${FAQ}: ingresos brutos sin IVA; 142 + débitos / 19 %`,
    check: (checked) => ppmRemarks(checked),
  },
  {
    name: 'proposal',
    severity: 'warning',
    title: {
      es: 'La propuesta del SII dice otra cosa',
      en: 'The SII’s own proposal says something else',
    },
    source: 'propuesta del SII importada',
    check: ({ numbers, proposal }) => {
      if (!proposal) return [];
      return inFormOrder(new Set([...proposal.keys(), ...numbers.keys()])).flatMap((code) => {
        const [actual, expected] = [numbers.get(code) ?? 0, proposal.get(code)];
        if (expected === undefined || expected === actual) return [];
        return [
          remark(
            code,
            `La propuesta dice ${expected} y la declaración ${actual}.`,
            `The proposal says ${expected} and the return ${actual}.`,
            { expected, actual },
          ),
        ];
      });
    },
  },
  {
    name: 'month-on-month',
    severity: 'warning',
    title: { es: 'Cambia mucho de un mes a otro', en: 'It changes much from month to month' },
    source: 'comparación con el mes anterior',
    check: ({ numbers, previous }) =>
      WATCHED.flatMap((code) => {
        const [actual, before] = [numbers.get(code) ?? 0, previous?.get(code)];
        if (before === undefined || !isOdd(before, actual)) return [];
        return [
          remark(
            code,
            `El mes anterior fue ${before} y este es ${actual}.`,
            `The month before was ${before} and this one is ${actual}.`,
            { expected: before, actual },
          ),
        ];
      }),
  },
  {
    name: 'period-not-over',
    severity: 'error',
    title: { es: 'El período no termina aún', en: 'The period is not over yet' },
    source: 'la declaración es del mes vencido',
    check: ({ period, today }) =>
      today !== null && today.replaceAll('-', '').slice(0, 6) <= period
        ? [
            remark(
              '15',
              `El período ${period} se declara desde el mes siguiente.`,
              `Period ${period} is declared from the next month on.`,
            ),
          ]
        : [],
  },
  {
    name: 'late',
    severity: 'warning',
    title: { es: 'El plazo ya venció', en: 'The due date is past' },
    source: `${FAQ}: reajuste, interés y multa los calcula el sitio`,
    check: ({ dueDate, today, numbers }) => {
      const isPast = dueDate !== null && today !== null && today > dueDate;
      const charged = ['92', '93'].some((code) => numbers.has(code));
      if (!isPast || charged || (numbers.get('91') ?? 0) <= 0) return [];
      return [
        remark(
          '93',
          `Venció el ${dueDate}: digite 92 y 93 con lo que calcule el portal.`,
          `It was due on ${dueDate}: type 92 and 93 as the site computes them.`,
        ),
      ];
    },
  },
  {
    name: 'utm-unconfirmed',
    severity: 'info',
    title: { es: 'Una UTM por confirmar', en: 'A UTM to be confirmed' },
    source: 'tabla de UTM',
    check: ({ figures, numbers, period }) =>
      [period, filingMonth(period)]
        .map((month) => figures.of('utm', month))
        .filter((figure) => figure?.unconfirmed === true && (numbers.get('504') ?? 0) > 0)
        .map((figure) =>
          remark(
            '504',
            `Confirme la UTM de ${figure?.period}: ${figure?.value}.`,
            `Confirm the UTM of ${figure?.period}: ${figure?.value}.`,
          ),
        ),
  },
];

function isOdd(before: number, now: number): boolean {
  const [less, more] = [Math.min(Math.abs(before), Math.abs(now)), Math.max(before, now)];
  return Math.abs(now - before) >= ODD_PESOS && more >= less * ODD_TIMES;
}

function remainderRemarks({ numbers, previous, period, figures }: CheckedReturn): Remark[] {
  if (!previous) return [];
  const former = previous.get('77') ?? 0;
  const actual = numbers.get('504') ?? 0;
  const carried = carryRemainder(former, previousPeriod(period), period, figures);
  if (!carried) {
    if (former === 0 && actual === 0) return [];
    const month = filingMonth(period);
    return [
      remark(
        '504',
        `Falta la UTM de ${period} o de ${month} para reajustar el remanente.`,
        `The UTM of ${period} or of ${month} is missing to readjust the remainder.`,
        { actual },
      ),
    ];
  }
  const { pesos: expected, units } = carried;
  if (Math.abs(expected - actual) <= 1) return [];
  return [
    remark(
      '504',
      `${former} son ${units} UTM y dan ${expected}; la declaración dice ${actual}.`,
      `${former} are ${units} UTM and make ${expected}; the return says ${actual}.`,
      { expected, actual },
    ),
  ];
}

/** VAT is rounded once a document: three pesos of net each, and the base is right. */
function ppmRemarks({ numbers, figures, period }: CheckedReturn): Remark[] {
  const of = (code: string): number => numbers.get(code) ?? 0;
  const rate = figures.of('vat', period)?.value ?? 0;
  const actual = numbers.get('563');
  if (actual === undefined || rate === 0) return [];
  const debits = of('502') + of('764') + of('111') + of('759') + of('513') - of('510');
  const expected = Math.round((debits * 100) / rate) + of('142') + of('20');
  const documents = ['503', '763', '110', '758', '512', '509'].map(of).reduce((a, b) => a + b, 0);
  if (Math.abs(actual - expected) <= 3 * documents + 3) return [];
  return [
    remark(
      '563',
      `Las ventas muestran ${expected} y la base dice ${actual}.`,
      `The sales show ${expected} and the base says ${actual}.`,
      { expected, actual },
    ),
  ];
}
