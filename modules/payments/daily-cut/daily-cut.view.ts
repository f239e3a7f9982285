import {
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  MAX_SUM,
  PesosField,
  pick,
} from '#kernel';
import { PAYMENT_METHODS } from '../payment/payment.entity.js';
import type { PaymentMethod } from '../payment/payment.entity.js';
import type { DailyCut } from './daily-cut.entity.js';

/** Voids and refunds of another day's charges can outweigh what came in. */
const SUM = { min: -MAX_SUM, max: MAX_SUM };
const COUNT = { min: 0, max: 10_000_000 };

class TallyView {
  @PesosField(SUM)
  amount!: number;

  @IntegerField({ ...COUNT, description: 'number of payments' })
  payments!: number;
}

class MethodTotalView extends TallyView {
  @ChoiceField(PAYMENT_METHODS)
  method!: PaymentMethod;
}

class CashierTotalView extends TallyView {
  @IdField()
  cashierId!: string;
}

class SessionTotalView extends TallyView {
  @IdField()
  cashSessionId!: string;

  @IdField()
  cashierId!: string;

  @IdField()
  registerId!: string;

  @PesosField(SUM)
  openingAmount!: number;

  @PesosField(SUM)
  expectedAmount!: number;

  @PesosField(SUM)
  countedAmount!: number;

  @PesosField(SUM)
  difference!: number;
}

export class DailyCutView {
  @IdField()
  id!: string;

  @IdField()
  branchId!: string;

  @DayField()
  date!: string;

  @IntegerField({
    min: 1,
    max: 10_000,
    description: '1 is the day’s cut; later ones add late sessions',
  })
  sequence!: number;

  @IdField({ nullable: true })
  cutBy!: string | null;

  @InstantField()
  createdAt!: string;

  @PesosField({ ...SUM, description: 'whole pesos of all methods' })
  total!: number;

  @IntegerField({ ...COUNT, description: 'number of payments' })
  payments!: number;

  @ListField(() => MethodTotalView, { maxItems: 10 })
  byMethod!: MethodTotalView[];

  @ListField(() => CashierTotalView, { maxItems: 1000 })
  byCashier!: CashierTotalView[];

  @ListField(() => SessionTotalView, { maxItems: 1000 })
  bySession!: SessionTotalView[];

  static of(this: void, cut: DailyCut): DailyCutView {
    return {
      ...pick(
        cut,
        'id',
        'branchId',
        'sequence',
        'cutBy',
        'total',
        'payments',
        'byMethod',
        'byCashier',
        'bySession',
      ),
      date: cut.businessDate,
      createdAt: cut.createdAt.toISOString(),
    };
  }
}
