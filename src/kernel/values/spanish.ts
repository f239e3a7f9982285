import { BUSINESS_TIME_ZONE } from './business-day.js';

/** Whole pesos as Chileans write them: `$12.345`, `-$500`. */
export function writePesos(amount: number): string {
  return `${amount < 0 ? '-' : ''}$${writeInteger(Math.abs(amount))}`;
}

/** A whole number with a dot before every three digits: `12.345`. */
export function writeInteger(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '.');
}

/** A calendar day `YYYY-MM-DD` as Chileans write it: `22-11-2026`. */
export function writeDay(day: string): string {
  return day.split('-').reverse().join('-');
}

const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: BUSINESS_TIME_ZONE,
  dateStyle: 'short',
  timeStyle: 'medium',
});
const offset = new Intl.DateTimeFormat('en-US', {
  timeZone: BUSINESS_TIME_ZONE,
  timeZoneName: 'longOffset',
});

/**
 * An instant in America/Santiago, `22-11-2026 18:05:33 (UTC-03:00)`. The offset belongs to it: one
 * hour of April comes twice.
 */
export function writeInstant(instant: Date): string {
  const zone = offset.formatToParts(instant).find(({ type }) => type === 'timeZoneName');
  const [day = '', time = ''] = clock.format(instant).split(', ');
  const utc = zone?.value.replace('GMT', 'UTC') ?? '';
  return `${day.replaceAll('/', '-')} ${time} (${utc})`;
}
