import { ChoiceField, IdField, PesosField, TextField } from '#kernel';
import { MONEY_METHODS, VOUCHER, WHY } from '../payment/payment.entity.js';
import type { MoneyMethod } from '../payment/payment.entity.js';

export class Prepay {
  @IdField({ description: 'the open session that takes the money' })
  cashSessionId!: string;

  @ChoiceField(MONEY_METHODS)
  method!: MoneyMethod;

  @PesosField({ min: 1, description: 'whole pesos to add to the balance' })
  amount!: number;

  @PesosField({ min: 1, optional: true, description: 'whole pesos handed over; cash may be more' })
  tendered?: number;

  @TextField({ max: 40, optional: true, description: VOUCHER })
  reference?: string;
}

export class VoidPrepayment {
  @TextField({ min: 3, max: 500, description: WHY })
  reason!: string;
}

export class RefundPrepayment {
  @PesosField({
    min: 1,
    description: 'whole pesos to pay out, never over what stands of it nor over the balance',
  })
  amount!: number;

  @TextField({ min: 3, max: 500, description: WHY })
  reason!: string;
}
