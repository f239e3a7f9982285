/**
 * The largest amount in one field: a million million pesos. It leaves room to add nine thousand
 * such amounts before a JavaScript integer loses a peso.
 */
export const MAX_PESOS = 1_000_000_000_000;

/** Whether the value is a whole number of pesos, from 0 (or `min`) to {@link MAX_PESOS}. */
export function isPesos(value: unknown, min = 0): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= MAX_PESOS;
}

/**
 * The price of a quantity, in whole pesos. Quantities carry at most three decimals (kilos of
 * laundry); the product is exact and half a peso goes up.
 *
 * @param unitPrice whole pesos per unit
 * @param quantity units, at most three decimals
 * @throws RangeError when the quantity is finer than a thousandth
 */
export function priceOf(unitPrice: number, quantity: number): number {
  const thousandths = Math.round(quantity * 1000);
  if (Math.abs(thousandths / 1000 - quantity) > 1e-9) {
    throw new RangeError(`quantity ${quantity} is finer than a thousandth`);
  }
  return Number((BigInt(unitPrice) * BigInt(thousandths) + 500n) / 1000n);
}
