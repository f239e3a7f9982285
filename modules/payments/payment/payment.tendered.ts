import { Problem } from '#kernel';
import type { MoneyMethod, PaymentMethod } from './payment.entity.js';
import { ChangeOnlyFromCash, TenderedTooLittle } from './payment.problems.js';

/** Money as it is offered at the counter. */
export interface Offer {
  readonly method: PaymentMethod | MoneyMethod;
  readonly amount: number;
  readonly tendered?: number;
}

/**
 * What was handed over, in whole pesos. Who says the amount itself means exact cash, whatever the
 * rounding makes of it.
 *
 * @param collected whole pesos that are owed now
 * @throws Problem TenderedTooLittle, ChangeOnlyFromCash
 */
export function tenderedOf(
  { method, amount, tendered = amount }: Offer,
  collected: number,
): number {
  const handed = tendered === amount ? collected : tendered;
  if (handed < collected) throw new Problem(TenderedTooLittle, { extra: { collected } });
  if (method !== 'cash' && handed > collected) throw new Problem(ChangeOnlyFromCash);
  return handed;
}
