import {
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  MAX_PESOS,
  PesosField,
  pick,
  TextField,
} from '#kernel';
import { PAYMENT_KINDS, PAYMENT_METHODS } from './payment.entity.js';
import type { Payment, PaymentKind, PaymentMethod } from './payment.entity.js';

export class PaymentView {
  @IdField()
  id!: string;

  @IdField()
  orderId!: string;

  @IdField()
  cashSessionId!: string;

  @IdField()
  branchId!: string;

  @IdField()
  cashierId!: string;

  @DayField()
  businessDate!: string;

  @ChoiceField(PAYMENT_KINDS, { description: 'a void or refund takes a charge back' })
  kind!: PaymentKind;

  @ChoiceField(PAYMENT_METHODS)
  method!: PaymentMethod;

  @PesosField({
    min: -MAX_PESOS,
    description: 'whole pesos applied to the order; negative when taken back',
  })
  amount!: number;

  @PesosField({
    min: -MAX_PESOS,
    description:
      'whole pesos taken; cash is rounded to the ten with the order’s other cash (Ley 20.956)',
  })
  collected!: number;

  @PesosField({ description: 'whole pesos handed over' })
  tendered!: number;

  @PesosField({ description: 'whole pesos given back' })
  change!: number;

  @TextField({ max: 40, nullable: true, description: 'boleta or voucher number' })
  reference!: string | null;

  @TextField({ max: 500, nullable: true })
  reason!: string | null;

  @IdField({ nullable: true, description: 'the charge that this row takes back' })
  reversesId!: string | null;

  @IdField({ nullable: true, description: 'the charge in whose place this one stands' })
  replacesId!: string | null;

  @PesosField({ description: 'whole pesos of this charge that were taken back so far' })
  reversedAmount!: number;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  @InstantField()
  createdAt!: string;

  static of(this: void, payment: Payment): PaymentView {
    return {
      ...pick(
        payment,
        'id',
        'orderId',
        'cashSessionId',
        'branchId',
        'cashierId',
        'businessDate',
        'kind',
        'method',
        'amount',
        'collected',
        'tendered',
        'change',
        'reference',
        'reason',
        'reversesId',
        'replacesId',
        'reversedAmount',
        'version',
      ),
      createdAt: payment.createdAt.toISOString(),
    };
  }
}
