import { isHoliday } from '#kernel';
import { filingMonth } from './period.js';

/** How a return is filed, which decides its day. */
export interface DueTerms {
  /** Whether something is to be paid (code 91 is more than nothing). */
  readonly withPayment: boolean;
  /** Files and pays by internet as an electronic invoicer or issuer of fee receipts: the 20th. */
  readonly electronic: boolean;
}

/**
 * The last day to file a period's return, `YYYY-MM-DD` of America/Santiago: the 12th of the next
 * month, the 20th for electronic invoicers who file and pay by internet, the 28th without payment.
 * With payment a Saturday, Sunday, public holiday or 31 December moves it to the next business day
 * (SII, preguntas frecuentes, 2025).
 */
export async function dueDate(
  period: string,
  { withPayment, electronic }: DueTerms,
): Promise<string> {
  const month = filingMonth(period);
  const day = withPayment ? (electronic ? '20' : '12') : '28';
  const nominal = `${month.slice(0, 4)}-${month.slice(4)}-${day}`;
  return withPayment ? nextBusinessDay(nominal) : nominal;
}

/** The day itself when banks work on it, or the next on which they do. */
async function nextBusinessDay(day: string): Promise<string> {
  let next = day;
  while (await rests(next)) next = dayAfter(next);
  return next;
}

async function rests(day: string): Promise<boolean> {
  const weekday = new Date(`${day}T12:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6 || day.endsWith('-12-31') || (await isHoliday(day));
}

function dayAfter(day: string): string {
  const noon = new Date(`${day}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() + 1);
  return noon.toISOString().slice(0, 10);
}
