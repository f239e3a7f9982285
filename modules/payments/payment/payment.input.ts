import { ChoiceField, IdField, PesosField, TextField } from '#kernel';
import { PAYMENT_METHODS, VOUCHER, WHY } from './payment.entity.js';
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

  @TextField({ max: 40, optional: true, description: VOUCHER })
  reference?: string;
}

export class EditPayment {
  @ChoiceField(PAYMENT_METHODS, { optional: true })
  method?: PaymentMethod;

  @PesosField({ min: 1, optional: true })
  amount?: number;

  @PesosField({ min: 1, optional: true })
  tendered?: number;

  @TextField({ max: 40, optional: true, description: VOUCHER })
  reference?: string;

  @TextField({ min: 3, max: 500, description: WHY })
  reason!: string;
}

export class VoidPayment {
  @TextField({ min: 3, max: 500, description: WHY })
  reason!: string;
}

export class RefundPayment {
  @PesosField({ min: 1, description: 'whole pesos to give back, never over what stands' })
  amount!: number;

  @TextField({ min: 3, max: 500, description: WHY })
  reason!: string;
}
