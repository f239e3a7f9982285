import { DayField } from './fields.js';
import { Problem } from './problem.js';
import { PeriodTooLong } from './problems.js';

const MAX_DAYS = 366;
const DAY_MS = 86_400_000;

/** From one business day to another, both included; at most a year and a day apart. */
export class DayRange {
  @DayField({ description: 'first business day' })
  from!: string;

  @DayField({ description: 'last business day' })
  to!: string;
}

/** @throws Problem PeriodTooLong, also when the range ends before it begins */
export function demandRange({ from, to }: DayRange): void {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  if (days < 0 || days > MAX_DAYS) throw new Problem(PeriodTooLong);
}
