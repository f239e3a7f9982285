import { ChoiceField, IdField, PesosField } from '#kernel';
import { PAYMENT_METHODS } from './payment.entity.js';
import type { PaymentMethod } from './payment.entity.js';

export class RegisterPayment {
  @IdField()
  orderId!: string;

  @ChoiceField(PAYMENT_METHODS)
  method!: PaymentMethod;

  @PesosField({ min: 1, description: 'whole pesos to apply to the order, never over its balance' })
  amount!: number;

  @PesosField({ min: 1, optional: true, description: 'whole pesos handed over; cash may be more' })
  tendered?: number;
}
