import {
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  MAX_PESOS,
  MAX_SUM,
  ObjectField,
  PesosField,
  pick,
  TextField,
} from '#kernel';
import type { Page } from '#kernel';
import { MONEY_METHODS } from '../payment/payment.entity.js';
import type { MoneyMethod } from '../payment/payment.entity.js';
import { PREPAID_KINDS } from './prepaid-entry.entity.js';
import type { PrepaidEntry, PrepaidKind } from './prepaid-entry.entity.js';
import type { PrepaidBalance } from './prepaid.service.js';

const SUM = { min: -MAX_SUM, max: MAX_SUM };

export class PrepaidEntryView {
  @IdField()
  id!: string;

  @IdField()
  customerId!: string;

  @IntegerField({ min: 1, max: 2_147_483_647, description: '1, 2, 3 … of this customer' })
  sequence!: number;

  @IdField()
  cashSessionId!: string;

  @IdField()
  branchId!: string;

  @IdField()
  cashierId!: string;

  @DayField()
  businessDate!: string;

  @ChoiceField(PREPAID_KINDS, {
    description: 'spend and restore move the balance only, the others are money',
  })
  kind!: PrepaidKind;

  @PesosField({ min: -MAX_PESOS, description: 'whole pesos; negative when they leave the balance' })
  amount!: number;

  @PesosField({ description: 'whole pesos of balance after this entry' })
  balanceAfter!: number;

  @ChoiceField(MONEY_METHODS, { nullable: true })
  method!: MoneyMethod | null;

  @PesosField({
    nullable: true,
    min: -MAX_PESOS,
    description: 'whole pesos that changed hands; cash is rounded to the ten (Ley 20.956)',
  })
  collected!: number | null;

  @PesosField({ nullable: true, description: 'whole pesos handed over' })
  tendered!: number | null;

  @PesosField({ nullable: true, description: 'whole pesos given back' })
  change!: number | null;

  @TextField({ max: 40, nullable: true, description: 'boleta or voucher number' })
  reference!: string | null;

  @TextField({ max: 500, nullable: true })
  reason!: string | null;

  @IdField({ nullable: true, description: 'the entry that this one takes or puts back' })
  reversesId!: string | null;

  @IdField({ nullable: true, description: 'the payment that spends or puts back' })
  paymentId!: string | null;

  @InstantField()
  createdAt!: string;

  static of(this: void, entry: PrepaidEntry): PrepaidEntryView {
    return {
      ...pick(entry, 'id', 'customerId', 'sequence', 'cashSessionId', 'branchId', 'cashierId'),
      ...pick(entry, 'businessDate', 'kind', 'amount', 'balanceAfter', 'method', 'collected'),
      ...pick(entry, 'tendered', 'change', 'reference', 'reason', 'reversesId', 'paymentId'),
      createdAt: entry.createdAt.toISOString(),
    };
  }
}

/** A customer's balance, beside a page of its ledger. */
export class PrepaidBalanceView {
  @IdField()
  customerId!: string;

  @PesosField({ description: 'whole pesos that the customer has paid ahead' })
  balance!: number;

  static of(
    this: void,
    { customerId, balance, page }: PrepaidBalance,
  ): PrepaidBalanceView & Page<PrepaidEntryView> {
    return { customerId, balance, items: page.items.map(PrepaidEntryView.of), next: page.next };
  }
}

class PrepaidMethodView {
  @ChoiceField(MONEY_METHODS)
  method!: MoneyMethod;

  @PesosField({ ...SUM, description: 'whole pesos of prepayments, what was paid out taken off' })
  amount!: number;
}

/** What prepaid balances did in a session or on a day. */
export class PrepaidFiguresView {
  @PesosField({ ...SUM, description: 'whole pesos that customers paid ahead; not sales' })
  received!: number;

  @PesosField({ ...SUM, description: 'whole pesos of prepayments that went back; not above 0' })
  returned!: number;

  @PesosField({ ...SUM, description: 'whole pesos paid out of balances; no money came in' })
  spent!: number;

  @ListField(() => PrepaidMethodView, { maxItems: 10 })
  byMethod!: readonly PrepaidMethodView[];
}

/** The figures inside another view. */
export function PrepaidFiguresField(options: { nullable?: boolean } = {}): PropertyDecorator {
  return ObjectField(() => PrepaidFiguresView, {
    ...options,
    description: 'what prepaid balances took in, gave back and paid',
  });
}
