import { filingMonth, isPeriod } from './period.js';
import { UNCONFIRMED_UTM, UTM_BY_YEAR } from './utm.js';

/**
 * What the law dates. A figure holds from its period until a later one of its kind; `utm` and
 * `proportionality` hold for their own month only.
 */
export const FIGURE_KINDS = ['utm', 'vat', 'fee-retention', 'ppm', 'proportionality'] as const;

export type FigureKind = (typeof FIGURE_KINDS)[number];

/** A figure, and where it came from. */
export interface Figure {
  readonly kind: FigureKind;
  /** The first period it holds for; for `utm` the month itself. */
  readonly period: string;
  /** Pesos for `utm`, else percent with at most three decimals. */
  readonly value: number;
  readonly source: string;
  /** Whether a person should confirm it before relying on it. */
  readonly unconfirmed?: boolean;
}

const SII_FAQ = 'SII, preguntas frecuentes (2025)';

/**
 * Figures that ship. The rate of PPM (code 115) is the taxpayer's own and ships with none: it
 * depends on the regime and, in 14 A, on the year before.
 */
const SHIPPED: readonly Figure[] = [
  { kind: 'vat', period: '200310', value: 19, source: 'DL 825, art. 14' },
  ...(
    [
      ...[['202001', 10.75] as const, ['202101', 11.5] as const, ['202201', 12.25] as const],
      ...[['202301', 13] as const, ['202401', 13.75] as const, ['202501', 14.5] as const],
      ...[['202601', 15.25] as const, ['202701', 16] as const, ['202801', 17] as const],
    ] satisfies (readonly [string, number])[]
  ).map(([period, value]): Figure => ({ kind: 'fee-retention', period, value, source: SII_FAQ })),
  ...Object.entries(UTM_BY_YEAR).flatMap(([year, values]) =>
    values.map((value, month): Figure => {
      const period = `${year}${String(month + 1).padStart(2, '0')}`;
      const unconfirmed = UNCONFIRMED_UTM.includes(period);
      return { kind: 'utm', period, value, source: 'SII, UTM publicada', unconfirmed };
    }),
  ),
];

const MONTHLY: readonly FigureKind[] = ['utm', 'proportionality'];

/** Dated figures: what an operator entered stands before what ships. */
export class Figures {
  private constructor(private readonly entered: readonly Figure[]) {}

  /** @param entered figures of the company, the latest word of each kind and period only */
  static with(entered: readonly Figure[] = []): Figures {
    return new Figures(entered);
  }

  /** The figure of a period, or null when nobody knows it. */
  of(kind: FigureKind, period: string): Figure | null {
    if (!isPeriod(period)) return null;
    const known = [...SHIPPED.filter((each) => !this.isReplaced(each)), ...this.entered]
      .filter((each) => each.kind === kind && each.period <= period)
      .sort((a, b) => a.period.localeCompare(b.period))
      .at(-1);
    if (!known || (MONTHLY.includes(kind) && known.period !== period)) return null;
    return known;
  }

  private isReplaced({ kind, period }: Figure): boolean {
    return this.entered.some((each) => each.kind === kind && each.period === period);
  }
}

/** A remainder carried into a period, and the figures it was made of. */
export interface Remainder {
  /** Units of UTM, two decimals. */
  readonly units: number;
  /** Whole pesos: code 504. */
  readonly pesos: number;
  readonly utmBefore: Figure;
  readonly utmNow: Figure;
}

/**
 * The remainder of tax credit of the month before in pesos of this one: units of the UTM of the
 * month in which the former return was due, to two decimals, times the UTM of the month in which
 * this one is due (DL 825, art. 27; the SII's own example: 2.500.000 / 43.000 = 58,14 units,
 * times 43.198 = 2.511.532).
 *
 * @param remainder whole pesos, code 77 of the former return
 * @returns null when the UTM of either month is not known
 */
export function carryRemainder(
  remainder: number,
  former: string,
  period: string,
  figures: Figures,
): Remainder | null {
  const utmBefore = figures.of('utm', filingMonth(former));
  const utmNow = figures.of('utm', filingMonth(period));
  if (!utmBefore || !utmNow) return null;
  const [before, now] = [BigInt(utmBefore.value), BigInt(utmNow.value)];
  // Hundredths of a unit, half up; whole numbers, so that no fraction is lost on the way.
  const hundredths = (BigInt(remainder) * 200n + before) / (before * 2n);
  const pesos = (hundredths * now * 2n + 100n) / 200n;
  return { units: Number(hundredths) / 100, pesos: Number(pesos), utmBefore, utmNow };
}
