/** A tax period is a month, written `YYYYMM`. */
export const PERIOD = /^(20\d\d)(0[1-9]|1[0-2])$/;

/** Whether the text is a tax period. */
export function isPeriod(value: unknown): value is string {
  return typeof value === 'string' && PERIOD.test(value);
}

/** The period so many months later, or earlier. */
export function addMonths(period: string, months: number): string {
  const index = Number(period.slice(0, 4)) * 12 + Number(period.slice(4)) - 1 + months;
  return `${Math.floor(index / 12)}${String((index % 12) + 1).padStart(2, '0')}`;
}

/** The period before. */
export function previousPeriod(period: string): string {
  return addMonths(period, -1);
}

/** The month in which a period's return is due: the next one; January for December. */
export function filingMonth(period: string): string {
  return addMonths(period, 1);
}

/** The period of a day, `YYYY-MM-DD`. */
export function periodOf(day: string): string {
  return day.slice(0, 4) + day.slice(5, 7);
}

const MONTHS = ['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto'].concat([
  ...['septiembre', 'octubre', 'noviembre', 'diciembre'],
]);

/** A period as Chileans say it: `octubre de 2026`. */
export function writePeriod(period: string): string {
  return `${MONTHS[Number(period.slice(4)) - 1] ?? ''} de ${period.slice(0, 4)}`;
}
