import { describe, expect, it } from '@jest/globals';
import { businessDay, isDay } from './business-day.js';
import { cashPiece, cashRounded, isPesos, MAX_PESOS, priceOf } from './money.js';
import { normalizeRut, rutCheckCharacter } from './rut.js';
import { writeDay, writeInstant, writePesos } from './spanish.js';

describe('RUT', () => {
  it.each([
    ['76.123.456-0', '76123456-0'],
    ['761234560', '76123456-0'],
    ['0011111111-1', '11111111-1'],
    ['6-k', '6-K'],
    [' 12.345.678-5 ', '12345678-5'],
  ])('reads %s', (text, rut) => expect(normalizeRut(text)).toBe(rut));

  it.each(['76123456-1', '', '-', 'K-K', '0-0', '123456789-2', '12345678', '1e3-5', '٣٣٣٣٣٣٣٣-3'])(
    'refuses %s',
    (text) => expect(normalizeRut(text)).toBeNull(),
  );

  it('finds every single wrong digit and every swap of neighbours', () => {
    for (const body of ['76123456', '9876543', '20347865']) {
      const check = rutCheckCharacter(body);
      for (let place = 0; place < body.length; place += 1) {
        for (const digit of '0123456789') {
          const other = body.slice(0, place) + digit + body.slice(place + 1);
          if (other !== body && !other.startsWith('0')) {
            expect(normalizeRut(`${other}-${check}`)).toBeNull();
          }
        }
        const swapped =
          body.slice(0, place) + (body[place + 1] ?? '') + body[place] + body.slice(place + 2);
        if (
          place + 1 < body.length &&
          body[place] !== body[place + 1] &&
          !swapped.startsWith('0')
        ) {
          expect(normalizeRut(`${swapped}-${check}`)).toBeNull();
        }
      }
    }
  });
});

describe('business day', () => {
  it.each([
    ['2026-11-22T02:59:59Z', '2026-11-21'],
    ['2026-11-22T03:00:00Z', '2026-11-22'],
    ['2026-07-01T03:59:59Z', '2026-06-30'],
    ['2026-07-01T04:00:00Z', '2026-07-01'],
    // The clocks go forward: there is no midnight on Sunday 2026-09-06.
    ['2026-09-06T03:59:59Z', '2026-09-05'],
    ['2026-09-06T04:00:00Z', '2026-09-06'],
    // They go back: the hour before Sunday 2026-04-05 happens twice.
    ['2026-04-05T03:30:00Z', '2026-04-04'],
    ['2026-04-05T04:00:00Z', '2026-04-05'],
  ])('of %s is %s', (instant, day) => expect(businessDay(new Date(instant))).toBe(day));

  it('knows the days that exist', () => {
    expect(['2026-02-28', '2024-02-29', '1999-12-31'].every(isDay)).toBe(true);
    const none = [
      '2026-02-29',
      '2026-13-01',
      '2026-1-1',
      '26-01-01',
      '2026-01-01T00:00:00Z',
      20260101,
    ];
    expect(none.some(isDay)).toBe(false);
  });
});

describe('pesos', () => {
  it('are whole, safe and bounded', () => {
    expect([0, 1, MAX_PESOS].every((value) => isPesos(value))).toBe(true);
    const wrong = [-1, 0.5, Number.NaN, Infinity, MAX_PESOS + 1, '1', null, 1n];
    expect(wrong.some((value) => isPesos(value))).toBe(false);
    expect(isPesos(0, 1)).toBe(false);
  });

  it.each([
    [2_990, 2.5, 7_475],
    [2_490, 3, 7_470],
    [333, 0.5, 167],
    [1, 0.499, 0],
    [1, 0.5, 1],
    [10, 0.049, 0],
    [10, 0.05, 1],
    [99_999_999, 100_000, 9_999_999_900_000],
    [1_290, 0.1 + 0.2, 387],
  ])('%i a unit times %d is %i', (price, quantity, total) =>
    expect(priceOf(price, quantity)).toBe(total),
  );

  it('refuses a quantity finer than a thousandth', () =>
    expect(() => priceOf(100, 0.0001)).toThrow(RangeError));

  it.each([
    [0, 0],
    [1, 0],
    [5, 0],
    [6, 10],
    [10, 10],
    [1_015, 1_010],
    [1_016, 1_020],
    [-5, 0],
    [-6, -10],
  ])('%i in cash are %i', (amount, collected) => expect(cashRounded(amount) + 0).toBe(collected));

  it('collect in pieces what they collect as a whole, however they are split and taken back', () => {
    const wrong: unknown[] = [];
    for (let total = 1; total <= 300; total += 1) {
      for (const size of [1, 3, 5, 7, 9, 10, 13]) {
        const order = { before: 0, collected: 0 };
        const move = (amount: number): void => {
          const piece = cashPiece(order.before, amount);
          const fits = amount > 0 ? piece >= 0 : piece <= 0;
          if (!fits || Math.abs(piece - amount) >= 10) wrong.push([order, amount, piece]);
          order.before += amount;
          order.collected += piece;
        };
        while (order.before < total) move(Math.min(size, total - order.before));
        if (order.collected !== cashRounded(total)) wrong.push([total, size, order]);
        while (order.before > 0) move(-Math.min(size + 1, order.before));
        if (order.collected !== 0) wrong.push([total, size, order]);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('Spanish', () => {
  it.each([
    [0, '$0'],
    [999, '$999'],
    [12_345, '$12.345'],
    [-500, '-$500'],
    [-1_234_567, '-$1.234.567'],
    [Number.MAX_SAFE_INTEGER, '$9.007.199.254.740.991'],
  ])('writes %d pesos as %s', (amount, text) => expect(writePesos(amount)).toBe(text));

  it('writes days and instants, each hour with its offset', () => {
    expect(writeDay('2026-11-02')).toBe('02-11-2026');
    for (const [instant, text] of [
      ['2026-11-22T03:00:00.000Z', '22-11-2026 00:00:00 (UTC-03:00)'],
      ['2026-07-01T03:59:59.999Z', '30-06-2026 23:59:59 (UTC-04:00)'],
      // The same hour by the clock on the wall, twice.
      ['2026-04-05T02:30:00.000Z', '04-04-2026 23:30:00 (UTC-03:00)'],
      ['2026-04-05T03:30:00.000Z', '04-04-2026 23:30:00 (UTC-04:00)'],
    ] as const) {
      expect(writeInstant(new Date(instant))).toBe(text);
    }
  });
});
