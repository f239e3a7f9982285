import { FORM_CODES } from './form-codes.js';

/** What a code holds: whole pesos, a number of documents, a rate in percent, a text … */
type CodeKind =
  'amount' | 'count' | 'rate' | 'number' | 'quantity' | 'mark' | 'text' | 'date' | 'period';

/** How a code enters its section's total. */
type CodeSign = '+' | '-' | '=' | '';

/** A code of the Form 29. */
export interface FormCode {
  readonly code: string;
  readonly kind: CodeKind;
  readonly sign: CodeSign;
  readonly section: string;
  /** The line of the SII's FAQ of 2025, where known; lines move, codes do not. */
  readonly line: number | null;
  /** The form's own wording. */
  readonly name: string;
}

/** All codes in the form's order. */
export const FORM: readonly FormCode[] = FORM_CODES.trim()
  .split('\n')
  .map((row) => {
    const [code = '', kind = '', sign = '', section = '', line = '', name = ''] = row.split('|');
    return {
      ...{ code, kind: kind as CodeKind, sign: sign as CodeSign, section, name },
      line: line === '' ? null : Number(line),
    };
  });

const BY_CODE = new Map(FORM.map((each) => [each.code, each]));
const PLACE = new Map(FORM.map(({ code }, index) => [code, index]));

/** A code as it is written here: without leading zeros, `062` is `62`. Null when it is none. */
export function normalizeCode(code: string): string | null {
  return /^0*[1-9]\d{0,5}$/.test(code) ? code.replace(/^0+/, '') : null;
}

/** What the form says of a code; undefined for one it did not have in June 2026. */
export function formCode(code: string): FormCode | undefined {
  return BY_CODE.get(code);
}

/** Sorts codes as the form has them, unknown ones last by number. */
export function inFormOrder(codes: Iterable<string>): string[] {
  const place = (code: string): number => PLACE.get(code) ?? FORM.length + Number(code);
  return [...codes].sort((a, b) => place(a) - place(b));
}

/** Rows that have a number of documents and an amount: count to amount. */
export const COUNTED_ROWS: readonly (readonly [count: string, amount: string])[] = FORM.flatMap(
  ({ kind, code }, index) => {
    const next = FORM[index + 1];
    return kind === 'count' && next?.kind === 'amount' && next.name === FORM[index]?.name
      ? [[code, next.code] as const]
      : [];
  },
);
