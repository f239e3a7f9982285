/**
 * The check character of a RUT (rol único tributario, the Chilean tax number) by módulo 11:
 * the digits, from the right, are weighed 2…7 cyclically; 11 minus the sum's remainder is the
 * character, 11 written `0` and 10 written `K`.
 *
 * @param body the digits before the hyphen
 */
export function rutCheckCharacter(body: string): string {
  let sum = 0;
  let weight = 2;
  for (const digit of body.split('').reverse()) {
    sum += Number(digit) * weight;
    weight = weight === 7 ? 2 : weight + 1;
  }
  const rest = 11 - (sum % 11);
  if (rest === 11) return '0';
  return rest === 10 ? 'K' : String(rest);
}

/**
 * The RUT in its one stored form, `76123456-0`: no dots, no leading zeros, upper-case `K`.
 *
 * @returns null when the text is no RUT or its check character does not fit
 */
export function normalizeRut(text: string): string | null {
  const match = /^0*([1-9]\d{0,7})-?([\dK])$/.exec(text.replaceAll('.', '').trim().toUpperCase());
  if (!match) return null;
  const [, body = '', check] = match;
  return rutCheckCharacter(body) === check ? `${body}-${check}` : null;
}
