import {
  ChoiceField,
  IdField,
  ListField,
  ObjectField,
  PesosField,
  SecretField,
  TextField,
} from '#kernel';
import { MONEY_METHODS } from '../payment/payment.entity.js';
import type { MoneyMethod } from '../payment/payment.entity.js';
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
  @ChoiceField(MONEY_METHODS)
  method!: MoneyMethod;

  @PesosField()
  amount!: number;
}

/** A second person, proven on the spot. */
export class Approval {
  @TextField({ max: 64 })
  login!: string;

  @SecretField({ max: 256 })
  password!: string;

  @SecretField({
    max: 40,
    optional: true,
    description: 'of the authenticator app, where that person has one; or a recovery code',
  })
  code?: string;
}

export class CloseCashSession extends CountCash {
  @ObjectField(() => Approval, {
    optional: true,
    description: 'the second person that a high difference needs',
  })
  approval?: Approval;

  @ListField(() => MethodCount, {
    optional: true,
    maxItems: MONEY_METHODS.length,
    description: 'what was found of the other methods, by their slips',
  })
  countedByMethod?: MethodCount[];

  @TextField({
    max: 500,
    optional: true,
    description: 'about the cash; never a customer’s name, RUT or phone',
  })
  note?: string;
}
