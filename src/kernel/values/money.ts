/**
 * The largest amount in one field: a million million pesos. It leaves room to add nine thousand
 * such amounts before a JavaScript integer loses a peso.
 */
export const MAX_PESOS = 1_000_000_000_000;

/** The largest sum of such amounts that JavaScript still counts to the peso. */
export const MAX_SUM = Number.MAX_SAFE_INTEGER;

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

/**
 * What is collected in cash for an amount: coins under ten pesos are gone, so a last digit of
 * 1 to 5 goes down to the ten and 6 to 9 up (Ley 20.956, article 13). Cash only; what is
 * charged stays the amount.
 *
 * @param amount whole pesos, of either sign: what goes back is rounded as what came in
 */
export function cashRounded(amount: number): number {
  const digit = Math.abs(amount) % 10;
  const rounded = Math.abs(amount) - digit + (digit > 5 ? 10 : 0);
  return amount < 0 ? -rounded : rounded;
}

/**
 * What changes hands in cash for one piece of something that is paid and given back in pieces:
 * the pieces are rounded together, so that their sum is the rounding of the whole, however it was
 * split (Ley 20.956, article 13).
 *
 * @param before whole pesos of the earlier pieces together, what went back taken off
 * @param amount whole pesos of this piece; negative when they go back
 */
export function cashPiece(before: number, amount: number): number {
  return cashRounded(before + amount) - cashRounded(before);
}
