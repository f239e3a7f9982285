import { BooleanField, ChoiceField, IntegerField, JsonField, SEVERITIES, TextField } from '#kernel';
import { WordsField } from '#kernel';
import type { Severity } from '#kernel';
import { TIME_OF_DAY } from '../local-time.js';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type DayOfWeek = (typeof DAYS)[number];

/** How a day of the week is written, 1 Monday to 7 Sunday. */
export function dayNumber(day: string): number {
  return DAYS.findIndex((each) => each === day) + 1;
}

export function dayName(number: number): DayOfWeek {
  return DAYS[number - 1] ?? 'mon';
}

/** When it is expected: every so many seconds, or by a time on some days. */
class Expectation {
  @IntegerField({
    ...{ min: 10, max: 31_622_400, optional: true, nullable: true },
    description: 'longest silence that is none; or byTime and byDays',
  })
  everySeconds?: number | null;

  @TextField({
    ...{ max: 5, pattern: TIME_OF_DAY, optional: true, nullable: true },
    description: 'HH:MM in America/Santiago by which it has happened that day',
  })
  byTime?: string | null;

  @WordsField({ maxItems: 7, max: 3, optional: true, description: DAYS.join(', ') })
  byDays?: string[];

  @BooleanField({ optional: true, description: 'rests on the public holidays of Chile' })
  skipsHolidays?: boolean;

  @WordsField({ maxItems: 60, max: 10, optional: true, description: 'further days of rest' })
  closedDays?: string[];

  @IntegerField({ min: 0, max: 604_800, optional: true })
  graceSeconds?: number;

  @ChoiceField(SEVERITIES, { optional: true })
  severity?: Severity;
}

export class CreateHeartbeat extends Expectation {
  @TextField({ max: 100, pattern: /^[a-z0-9][a-z0-9._-]*$/ })
  name!: string;

  @TextField({
    ...{ max: 100, optional: true },
    description: 'the event that is the sign of life; a ping with a token when absent',
  })
  eventName?: string;

  @JsonField({ description: 'fields of the event’s payload that must have these values' })
  match?: unknown;
}

export class EditHeartbeat extends Expectation {
  @BooleanField({ optional: true })
  paused?: boolean;
}
