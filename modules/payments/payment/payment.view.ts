import { ChoiceField, DayField, IdField, InstantField, PesosField, pick } from '#kernel';
import { PAYMENT_METHODS } from './payment.entity.js';
import type { Payment, PaymentMethod } from './payment.entity.js';

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

  @ChoiceField(PAYMENT_METHODS)
  method!: PaymentMethod;

  @PesosField({ description: 'whole pesos applied to the order' })
  amount!: number;

  @PesosField({ description: 'whole pesos handed over' })
  tendered!: number;

  @PesosField({ description: 'whole pesos given back' })
  change!: number;

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
        'method',
        'amount',
        'tendered',
        'change',
      ),
      createdAt: payment.createdAt.toISOString(),
    };
  }
}
