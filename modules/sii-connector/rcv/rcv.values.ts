import { isDay, MAX_PESOS } from '#kernel';

const MAX_DAYS_KNOWN = 5_000;
const days = new Map<string, string | null>();

/** Blank, `-` and `null` say nothing. */
export function isBlank(text: string): boolean {
  return text === '' || text === '-' || text === 'null' || text === 'NULL';
}

/** A day as `YYYY-MM-DD`, of `dd/mm/yyyy` or of that itself; null when it is none. */
export function readDay(text: string): string | null {
  const known = days.get(text);
  if (known !== undefined) return known;
  const match = /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})$/.exec(text);
  const [, day = '', month = '', year = ''] = match ?? [];
  const iso = match ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : text;
  const read = isDay(iso) ? iso : null;
  if (days.size < MAX_DAYS_KNOWN) days.set(text, read);
  return read;
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/;

/** A moment as PostgreSQL reads it, `YYYY-MM-DD HH:MM:SS`; a day alone is its beginning. */
export function readMoment(text: string): string | null {
  const blank = text.indexOf(' ');
  const day = readDay(blank < 0 ? text : text.slice(0, blank));
  if (day === null || blank < 0) return day === null ? null : `${day} 00:00:00`;
  const time = text.slice(blank + 1).trim();
  return TIME.test(time) ? `${day} ${time}` : null;
}

/** Whole pesos, with or without points between thousands; null when it is none, or too much. */
export function readPesos(text: string): number | null {
  let digits = text;
  if (!/^-?\d{1,15}$/.test(text)) {
    if (!/^-?\d{1,3}(\.\d{3})+$/.test(text)) return null;
    digits = text.replaceAll('.', '');
  }
  const amount = Number(digits);
  return Math.abs(amount) <= MAX_PESOS ? amount : null;
}

/** A percentage, with point or comma. */
export function readRate(text: string): number | null {
  return /^\d{1,3}([.,]\d{1,12})?$/.test(text) ? Number(text.replace(',', '.')) : null;
}
