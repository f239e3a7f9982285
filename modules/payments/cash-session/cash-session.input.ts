import { ChoiceField, IdField, ListField, PesosField, TextField } from '#kernel';
import { PAYMENT_METHODS } from '../payment/payment.entity.js';
import type { PaymentMethod } from '../payment/payment.entity.js';
import { Denomination, DENOMINATIONS } from './cash-session.denominations.js';

const MAX_FLOAT = 100_000_000;
const PIECES = { optional: true, maxItems: DENOMINATIONS.length } as const;

export class OpenCashSession {
  @IdField()
  registerId!: string;

  @PesosField({ description: 'whole pesos in the drawer at the start', max: MAX_FLOAT })
  openingAmount!: number;

  @ListField(() => Denomination, { ...PIECES, description: 'must add up to openingAmount' })
  denominations?: Denomination[];
}

export class CountCash {
  @PesosField({ optional: true, description: 'whole pesos of cash found; or denominations' })
  countedAmount?: number;

  @ListField(() => Denomination, { ...PIECES, description: 'notes and coins found' })
  denominations?: Denomination[];
}

export class MethodCount {
  @ChoiceField(PAYMENT_METHODS)
  method!: PaymentMethod;

  @PesosField()
  amount!: number;
}

export class CloseCashSession extends CountCash {
  @ListField(() => MethodCount, {
    optional: true,
    maxItems: PAYMENT_METHODS.length,
    description: 'what was found of the other methods, by their slips',
  })
  countedByMethod?: MethodCount[];

  @TextField({ max: 500, optional: true })
  note?: string;
}
