/** The time zone that decides which day a Chilean shop is in. */
export const BUSINESS_TIME_ZONE = 'America/Santiago';

const dayFormat = new Intl.DateTimeFormat('en-CA', {
  timeZone: BUSINESS_TIME_ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/**
 * The business day of an instant, `YYYY-MM-DD` in America/Santiago. It is computed from the
 * instant and never by adding hours to a midnight: one Sunday of September has none.
 */
export function businessDay(instant: Date): string {
  return dayFormat.format(instant);
}

/** Whether the text is a calendar day that exists, written `YYYY-MM-DD`. */
export function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^(19|2[01])\d\d-\d\d-\d\d$/.test(value)) return false;
  const instant = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(value);
}

const INSTANT = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Whether the text is an instant that exists, with its offset, as RFC 3339 writes it. */
export function isInstant(value: unknown): value is string {
  const day = typeof value === 'string' ? INSTANT.exec(value)?.[1] : undefined;
  return isDay(day) && !Number.isNaN(new Date(String(value)).getTime());
}
