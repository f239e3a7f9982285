import { describe, expect, it } from '@jest/globals';
import { differences } from './manifest.js';
import type { TableFigures } from './manifest.js';

const PAYMENTS: TableFigures = { rows: '3', digest: '71', sums: { amount: '9000' } };

const found = (change: Partial<TableFigures>): string[] =>
  differences({ payments: PAYMENTS }, { payments: { ...PAYMENTS, ...change } });

describe('what a database holds beside what was dumped', () => {
  it('is nothing where all is as it was', () => {
    expect(found({})).toEqual([]);
  });

  it('is a table too many, and one too few', () => {
    expect(differences({ payments: PAYMENTS }, { sales: PAYMENTS })).toEqual([
      'payments: is missing',
      'sales: is there and was not dumped',
    ]);
  });

  it.each([
    [{ rows: '2' }, 'payments: 2 rows instead of 3'],
    [{ sums: { amount: '9001' } }, 'payments.amount: 9001 instead of 9000'],
    [{ sums: {} }, 'payments.amount: nothing instead of 9000'],
    [{ digest: '72' }, 'payments: rows with other content'],
  ])('is %j', (change, said) => {
    expect(found(change)).toEqual([said]);
  });
});
