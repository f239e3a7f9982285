import { describe, expect, it } from '@jest/globals';
import { f29 } from '#test';
import { carryRemainder, Figures } from './figures.js';
import { addMonths, isPeriod, writePeriod } from './period.js';

const official = Figures.with([
  { kind: 'utm', period: '203002', value: 43_000, source: 'example' },
  { kind: 'utm', period: '203003', value: 43_198, source: 'example' },
]);

describe('dated figures', () => {
  it('carries a remainder by UTM with two decimals, as the SII’s own example does', () => {
    expect(carryRemainder(2_500_000, '203001', '203002', official)).toMatchObject({
      ...{ units: 58.14, pesos: 2_511_532 },
    });
    expect(carryRemainder(0, '203001', '203002', official)).toMatchObject({ units: 0, pesos: 0 });
    // December is filed in January: its own month's UTM has no part in it.
    const december = carryRemainder(1_000_000, '202511', '202512', Figures.with());
    expect(december).toMatchObject({
      ...{ utmBefore: { period: '202512', value: 69_542 } },
      ...{ utmNow: { period: '202601', value: 69_751 }, units: 14.38, pesos: 1_003_019 },
    });
  });

  it('says that it does not know, rather than guess', () => {
    expect(carryRemainder(1, '203012', '203101', official)).toBeNull();
    expect(Figures.with().of('utm', '202612')).toBeNull();
    expect(Figures.with().of('ppm', '202610')).toBeNull();
    expect(Figures.with().of('utm', 'not a period')).toBeNull();
    expect(Figures.with().of('utm', '202610')).toMatchObject({ value: 72_151, unconfirmed: true });
  });

  it('takes the rate of the year, and what was entered before what ships', () => {
    const rates = ['202412', '202501', '202512', '202601', '202712', '202912'].map(
      (period) => Figures.with().of('fee-retention', period)?.value,
    );
    expect(rates).toEqual([13.75, 14.5, 14.5, 15.25, 16, 17]);
    const corrected = Figures.with([
      { kind: 'utm', period: '202610', value: 72_152, source: 'SII' },
      { kind: 'ppm', period: '202509', value: 0.125, source: 'Ley 21.755' },
    ]);
    expect(corrected.of('utm', '202610')).toMatchObject({ value: 72_152, source: 'SII' });
    expect(corrected.of('ppm', '202508')).toBeNull();
    expect(corrected.of('ppm', '202801')?.value).toBe(0.125);
    expect(corrected.of('vat', '202610')?.value).toBe(19);
  });

  it('counts months over the turn of the year', () => {
    expect([addMonths('202612', 1), addMonths('202601', -1), addMonths('202605', 20)]).toEqual([
      '202701',
      '202512',
      '202801',
    ]);
    expect(['202600', '202613', '2026', '199912', '20261', 202_610].map(isPeriod)).toEqual(
      Array.from({ length: 6 }, () => false),
    );
    expect(writePeriod('202609')).toBe('septiembre de 2026');
  });
});

describe('due dates', () => {
  const due = (period: string, withPayment: boolean, electronic: boolean): Promise<string> =>
    f29.dueDate(period, { withPayment, electronic });

  it.each([
    // 20 September 2026 is a Sunday, 18 and 19 are holidays.
    ['202608', true, true, '2026-09-21'],
    ['202608', true, false, '2026-09-14'],
    // 12 October is a holiday and a Monday.
    ['202609', true, false, '2026-10-13'],
    ['202609', true, true, '2026-10-20'],
    // Without payment the 28th stands, also on a Saturday.
    ['202610', false, true, '2026-11-28'],
    ['202612', true, true, '2027-01-20'],
    // Good Friday is 14 April 2028; the 12th is a Wednesday.
    ['202803', true, false, '2028-04-12'],
  ])('%s with payment %s, electronic %s: %s', async (period, withPayment, electronic, day) => {
    expect(await due(period, withPayment, electronic)).toBe(day);
  });
});
