import { CronTime } from 'cron';
import { BUSINESS_TIME_ZONE } from '#kernel';

const timeFormat = new Intl.DateTimeFormat('en-GB', {
  timeZone: BUSINESS_TIME_ZONE,
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** How a time of day is written, `HH:MM`. */
export const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

/** The time of day of an instant in America/Santiago, `HH:MM`. */
export function timeOfDay(instant: Date): string {
  return timeFormat.format(instant);
}

/**
 * The first instant after another at which clocks in America/Santiago show a time of day.
 *
 * @param time `HH:MM`
 * @param days of the week, 1 Monday to 7 Sunday; every day unless said
 */
export function nextAt(time: string, after: Date, days?: readonly number[]): Date {
  const [hour = '0', minute = '0'] = time.split(':');
  const week = days ? days.map((day) => day % 7).join(',') : '*';
  const times = new CronTime(`${Number(minute)} ${Number(hour)} * * ${week}`, BUSINESS_TIME_ZONE);
  return times.getNextDateFrom(after, BUSINESS_TIME_ZONE).toJSDate();
}
