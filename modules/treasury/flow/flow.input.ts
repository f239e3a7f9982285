import { ChoiceField, DayField, PesosField, TextField } from '#kernel';

export class ExpectFlow {
  @ChoiceField(['in', 'out'])
  direction!: 'in' | 'out';

  @DayField({ description: 'day on which the money is expected' })
  day!: string;

  @PesosField({ min: 1 })
  amount!: number;

  @TextField({ max: 120, description: 'what it is; no personal data' })
  label!: string;
}

export class SettleFlow {
  @DayField()
  day!: string;

  @PesosField({ min: 1, optional: true, description: 'whole pesos; as expected when left out' })
  amount?: number;
}
