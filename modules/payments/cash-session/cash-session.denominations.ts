import { IntegerField, OneOfField } from '#kernel';

/** Coins and notes of the Chilean peso in circulation, whole pesos. */
export const DENOMINATIONS = [10, 50, 100, 500, 1_000, 2_000, 5_000, 10_000, 20_000] as const;

/** How many pieces of one value were found. */
export class Denomination {
  @OneOfField(DENOMINATIONS, { description: 'face value in whole pesos' })
  value!: number;

  @IntegerField({ min: 0, max: 100_000 })
  count!: number;
}

/** Whole pesos of all the pieces. */
export function sumOf(denominations: readonly Denomination[]): number {
  return denominations.reduce((sum, { value, count }) => sum + value * count, 0);
}

/** Whether two details say the same pieces, in whatever order. */
export function samePieces(
  one: readonly Denomination[],
  other: readonly Denomination[] | null,
): boolean {
  const piecesOf = (list: readonly Denomination[]): string =>
    list
      .filter(({ count }) => count > 0)
      .map(({ value, count }) => `${value} × ${count}`)
      .sort()
      .join(', ');
  return other !== null && piecesOf(one) === piecesOf(other);
}
