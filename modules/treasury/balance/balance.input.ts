import { DayField, MAX_PESOS, PesosField, TextField } from '#kernel';

export class StateBalance {
  @DayField({ description: 'the balance is that of the end of this day' })
  day!: string;

  @PesosField({ min: -MAX_PESOS })
  amount!: number;

  @TextField({ max: 200, optional: true })
  note?: string;
}
