import { Transform } from 'class-transformer';
import { DayField, IntegerField } from '#kernel';

export const MAX_WEEKS = 53;

export class ForecastQuery {
  @DayField({ optional: true, description: 'a day of the first week; this week when left out' })
  from?: string;

  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value,
  )
  @IntegerField({ min: 1, max: MAX_WEEKS, optional: true, description: '8 when left out' })
  weeks?: number;
}
