import { DayField, IntegerField, ListField, MAX_SUM, PesosField } from '#kernel';
import { MAX_WEEKS } from './forecast.input.js';

const SIGNED = { min: -MAX_SUM, max: MAX_SUM };

export class ForecastWeekView {
  @DayField({ description: 'Monday' })
  from!: string;

  @DayField({ description: 'Sunday' })
  to!: string;

  @PesosField({ ...SIGNED, description: 'what there is as the week begins' })
  opening!: number;

  @PesosField({ ...SIGNED, description: 'what came and is to come' })
  inflow!: number;

  @PesosField({ ...SIGNED, description: 'what went and is to go, as a positive sum' })
  outflow!: number;

  @PesosField({ ...SIGNED, description: 'of inflow less outflow: what is only expected' })
  expected!: number;

  @PesosField({ ...SIGNED, description: 'opening + inflow − outflow' })
  closing!: number;

  @IntegerField({ min: 0, max: 2_147_483_647 })
  flows!: number;
}

export class ForecastView {
  @DayField({ description: 'today in America/Santiago; what was expected before counts today' })
  today!: string;

  @DayField({ nullable: true, description: 'day of the balance that it starts from' })
  balanceOn!: string | null;

  @ListField(() => ForecastWeekView, { maxItems: MAX_WEEKS })
  weeks!: ForecastWeekView[];
}
