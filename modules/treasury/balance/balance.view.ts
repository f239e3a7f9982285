import { DayField, IdField, InstantField, MAX_SUM, PesosField, pick, TextField } from '#kernel';
import type { Balance } from './balance.entity.js';

export class BalanceView {
  @IdField()
  id!: string;

  @DayField()
  day!: string;

  @PesosField({ min: -MAX_SUM, max: MAX_SUM })
  amount!: number;

  @TextField({ max: 200, nullable: true })
  note!: string | null;

  @IdField({ nullable: true })
  statedBy!: string | null;

  @InstantField()
  createdAt!: string;

  static of(this: void, balance: Balance): BalanceView {
    return {
      ...pick(balance, 'id', 'day', 'amount', 'note', 'statedBy'),
      createdAt: balance.createdAt.toISOString(),
    };
  }
}
