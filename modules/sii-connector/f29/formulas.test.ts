import { describe, expect, it } from '@jest/globals';
import { FORM, formCode, inFormOrder, normalizeCode, COUNTED_ROWS } from '../tables/form.js';
import { FORMULAS, formulaOf, percentOf, workOut } from './formulas.js';

const numbers = (of: Record<string, number>): Map<string, number> => new Map(Object.entries(of));

const out = (of: Record<string, number>): Record<string, number> =>
  Object.fromEntries(workOut(numbers(of)));

describe('the arithmetic of the form', () => {
  it('comes out as on a month with tax to pay', () => {
    // 1.000 invoices' VAT less credit notes, PPM of 0,25 % over 13.150.000, fees withheld.
    const codes = out({
      ...{ '502': 2_498_500, '111': 190_000, '759': 38_000, '513': 9_500, '510': 47_500 },
      ...{ '520': 1_481_178, '528': 512_805, '532': 12_443, '525': 95_000, '504': 2_511_532 },
      ...{ '563': 13_150_000, '115': 0.25, '151': 152_500, '48': 447_778 },
    });
    expect(codes).toMatchObject({
      ...{ '538': 2_688_500, '511': 1_075_816, '537': 3_587_348 },
      ...{ '89': 0, '77': 898_848, '62': 32_875 },
      ...{ '595': 633_153, '547': 633_153, '91': 633_153, '94': 633_153 },
    });
  });

  it('comes out as on a filed return of 2018', () => {
    // Checked on the return itself: electronic credit, PPM, and the sum of the front.
    expect(out({ '520': 1_481_178, '528': 512_805, '532': 12_443 })['511']).toBe(980_816);
    expect(out({ '563': 13_150_000, '115': 0.25 })['62']).toBe(32_875);
    const front = out({ '89': 22_633, '48': 447_778, '62': 32_875 });
    expect(front).toMatchObject({ '595': 503_286, '547': 503_286, '91': 503_286 });
  });

  it('never lets a credit balance reduce what was withheld', () => {
    expect(out({ '520': 900, '151': 100, '48': 50 })).toMatchObject({
      ...{ '538': 0, '537': 900, '77': 900, '89': 0, '595': 150, '91': 150 },
    });
  });

  it('adds surcharges and takes the part forgiven off', () => {
    // 70 % of 224.400 is forgiven: 1.536.269 + 0 + 224.400 − 157.080.
    const codes = out({ '502': 1_409_603, '62': 126_666, '92': 0, '93': 224_400, '60': 70 });
    expect(codes).toMatchObject({ '91': 1_536_269, '795': 157_080, '94': 1_603_589 });
  });

  it('nets the change of subject, and pays by 547 when the reverse says something', () => {
    const codes = out({ '502': 1_000, '556': 400, '557': 900, '558': 100, '39': 250, '736': 50 });
    expect(codes).toMatchObject({ '543': 1_200, '598': 1_000, '573': 200, '596': 200 });
    expect(codes).toMatchObject({ '595': 1_000, '547': 200, '91': 200 });
  });

  it('works the specific tax on diesel out of its two parts, of either sign', () => {
    const codes = out({ '742': 500, '743': -120, '744': 30, '745': 5, '739': 80, '740': 100 });
    expect(codes).toMatchObject({ '127': 380, '544': 35, '741': -20, '538': -20, '537': 415 });
  });

  it('keeps what was given for a total, and codes that it does not know', () => {
    expect(out({ '502': 100, '538': 99, '99999': 7 })).toMatchObject({
      ...{ '538': 99, '89': 99, '99999': 7 },
    });
  });

  it('says nothing of totals whose parts are absent', () => {
    expect(Object.keys(out({})).sort()).toEqual(
      ['538', '537', '89', '77', '595', '547', '91', '94'].sort(),
    );
  });

  it('takes a percentage half up, with three decimals, exactly', () => {
    expect(percentOf(3_458_147, 0.125)).toBe(4_323);
    expect(percentOf(400, 0.125)).toBe(1);
    expect(percentOf(399, 0.125)).toBe(0);
    expect(percentOf(224_400, 70)).toBe(157_080);
    expect(percentOf(-200, 0.25)).toBe(-1);
  });

  it('works each total out after its parts', () => {
    const done = new Set<string>();
    for (const { code, inputs } of FORMULAS) {
      const later = inputs.filter((input) => formulaOf(input) && !done.has(input));
      expect({ code, later }).toEqual({ code, later: [] });
      expect(inputs).not.toContain(code);
      done.add(code);
    }
  });

  it('holds its identities for any month', () => {
    const inputs = [...new Set(FORMULAS.flatMap((each) => each.inputs))].filter(
      (code) => !formulaOf(code) && code !== '115' && code !== '60',
    );
    let seed = 29;
    const next = (): number => (seed = (seed * 48_271) % 2_147_483_647);
    for (let month = 0; month < 500; month += 1) {
      const given = new Map(
        inputs.filter(() => next() % 3 === 0).map((code) => [code, next() % 90_000_000] as const),
      );
      const codes = workOut(given);
      const of = (code: string): number => codes.get(code) ?? 0;
      expect(of('89') - of('77')).toBe(of('538') - of('537'));
      expect(Math.min(of('89'), of('77'))).toBe(0);
      expect(of('94') + of('795')).toBe(of('91') + of('92') + of('93'));
      expect(of('573')).toBeGreaterThanOrEqual(0);
      // Neither the order of what is given nor the way it was split up changes anything.
      const again = workOut(new Map([...given].reverse()));
      expect([...again].sort()).toEqual([...codes].sort());
    }
  });
});

describe('the codes of the form', () => {
  it('knows each once, and every code that a formula names', () => {
    const codes = FORM.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    const named = FORMULAS.flatMap(({ code, inputs }) => [code, ...inputs]);
    expect(named.filter((code) => !formCode(code))).toEqual([]);
    expect(COUNTED_ROWS).toContainEqual(['503', '502']);
    expect(COUNTED_ROWS.length).toBeGreaterThan(25);
  });

  it('adds in each section what the form prints with a plus', () => {
    const taken = (code: string): readonly string[] => formulaOf(code)?.inputs ?? [];
    const signed = (section: string): string[] =>
      FORM.filter((each) => each.section === section && /^[+-]$/.test(each.sign)).map(
        ({ code }) => code,
      );
    expect(signed('debit').filter((code) => !taken('538').includes(code))).toEqual(
      ['709'].slice(1),
    );
    expect(signed('credit').filter((code) => !taken('537').includes(code))).toEqual([]);
  });

  it('writes codes without leading zeros, and knows what is none', () => {
    expect(['062', '62', '0089', '115'].map(normalizeCode)).toEqual(['62', '62', '89', '115']);
    expect(['', '0', 'abc', '1e3', '-1', ' 62', '1234567'].map(normalizeCode)).toEqual(
      Array.from({ length: 7 }, () => null),
    );
    expect(inFormOrder(['99999', '94', '538', '503', '502'])).toEqual([
      '503',
      '502',
      '538',
      '94',
      '99999',
    ]);
  });
});
