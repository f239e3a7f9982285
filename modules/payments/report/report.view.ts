import { ChoiceField, IdField, IntegerField, ListField, MAX_SUM, PesosField } from '#kernel';
import { AGE_BUCKETS } from '#modules/sales';

const SUM = { min: -MAX_SUM, max: MAX_SUM };
const COUNT = { min: 0, max: 100_000_000 };

export class CashierDifferenceView {
  @IdField()
  branchId!: string;

  @IdField()
  cashierId!: string;

  @IntegerField({ ...COUNT, description: 'closed sessions' })
  sessions!: number;

  @IntegerField({ ...COUNT, description: 'sessions whose count differed' })
  differing!: number;

  @PesosField({ ...SUM, description: 'whole pesos missing, as a negative sum' })
  shortage!: number;

  @PesosField({ ...SUM, description: 'whole pesos left over' })
  surplus!: number;

  @PesosField({ ...SUM, description: 'shortage plus surplus' })
  net!: number;
}

export class DifferencesView {
  @ListField(() => CashierDifferenceView, { maxItems: 10_000 })
  items!: CashierDifferenceView[];
}

export class AgeBucketView {
  @IdField()
  branchId!: string;

  @ChoiceField(AGE_BUCKETS, { description: 'days since the order was taken' })
  days!: string;

  @IntegerField(COUNT)
  orders!: number;

  @PesosField({ ...SUM, description: 'whole pesos still owed' })
  balance!: number;
}

export class AgeingView {
  @ListField(() => AgeBucketView, { maxItems: 10_000 })
  items!: AgeBucketView[];
}
