import { describe, expect, it } from '@jest/globals';
import { Figures } from '../tables/figures.js';
import { check, RULES } from './check.js';
import { FORMULAS, workOut } from './formulas.js';
import type { LedgerGroup } from './ledger-map.js';
import { numbersOf } from './rule.js';
import type { CheckedReturn, CodeValue } from './rule.js';

const group = (some: Partial<LedgerGroup>): LedgerGroup => ({
  ...{ book: 'sale', section: 'REGISTRO', claimed: false, origin: 'rcv', dteType: 33 },
  ...{ transactionType: 'DEL_GIRO', nature: 'affected', correctsPurchaseInvoice: false },
  ...{ documents: 1, exempt: 0, net: 0, vat: 0, vatNonRecoverable: 0, vatCommonUse: 0 },
  ...{ total: 0, doubled: 0, ...some },
});

type Around = Partial<Omit<CheckedReturn, 'codes' | 'numbers'>>;

function returnOf(codes: Record<string, CodeValue>, around: Around = {}): CheckedReturn {
  const values = new Map(Object.entries(codes));
  return {
    ...{ period: '202609', figures: Figures.with(), rut: null, today: null, dueDate: null },
    ...{ previous: null, proposal: null, ledger: null, computed: null, fees: null },
    ...{ isStale: false, codes: values, numbers: numbersOf(values), ...around },
  };
}

/** The same with every total worked out, so that only what is meant is wrong. */
const whole = (codes: Record<string, number>, around: Around = {}): CheckedReturn =>
  returnOf(Object.fromEntries(workOut(new Map(Object.entries(codes)))), around);

const namesOf = (checked: CheckedReturn): string[] => [
  ...new Set(check(checked).map(({ rule }) => rule)),
];

const SOUND = {
  ...{ '503': 10, '502': 1_900_000, '110': 300, '111': 380_000, '509': 2, '510': 38_000 },
  ...{ '586': 1, '142': 50_000, '519': 7, '520': 570_000, '563': 11_850_000, '115': 0.125 },
  '151': 30_500,
};

const maps = (of: Record<string, number>): Map<string, number> => new Map(Object.entries(of));

/** For each rule a return that breaks it. */
const BROKEN: Readonly<Record<string, CheckedReturn>> = {
  sign: whole({ '151': -5 }),
  'negative-base': whole({ '510': 100, '509': 1 }),
  'not-a-number': returnOf({ '151': 'mil' }),
  'not-whole': whole({ '151': 10.5 }),
  'rate-range': whole({ '563': 0, '115': 101 }),
  exclusive: returnOf({ '89': 5, '77': 5 }),
  'count-without-amount': whole({ '503': 4 }),
  'amount-without-count': whole({ '502': 4 }),
  'postponed-vat': whole({ '755': 10 }),
  'forgiven-without-surcharge': whole({ '795': 10 }),
  header: returnOf({ '15': '202608', '3': '1-9' }, { rut: '76123456-0' }),
  'unknown-code': whole({ '99999': 1 }),
  'reverse-547': returnOf({ '595': 10, '39': 5, '596': 5, '547': 10, '91': 10 }),
  'reverse-credits-cover-all': whole({ '151': 100, '725': 500 }),
  'ledger-stale': whole({}, { isStale: true }),
  'ledger-empty': whole({}, { ledger: [] }),
  'vat-of-documents': whole({}, { ledger: [group({ documents: 3, net: 1_000, vat: 194 })] }),
  'double-fixed-asset': whole({}, { ledger: [group({ book: 'purchase', doubled: 2 })] }),
  'double-voucher': whole({ '110': 1, '111': 1, '758': 1, '759': 1 }),
  'unmapped-documents': whole({}, { ledger: [group({ dteType: 43 })] }),
  'purchases-pending': whole(
    {},
    { ledger: [group({ book: 'purchase', section: 'PENDIENTE', vat: 19 })] },
  ),
  'own-sales': whole({}, { ledger: [group({ origin: 'own-sales', dteType: 39 })] }),
  'not-in-register': whole({}, { ledger: [group({ origin: 'dte' })] }),
  'typed-over-documents': whole({ '151': 5 }, { computed: maps({ '151': 6 }) }),
  'fee-rate': whole({}, { fees: { documents: 2, gross: 1_000_000, withheld: 145_000 } }),
  'common-use': whole({}, { ledger: [group({ book: 'purchase', vatCommonUse: 9 })] }),
  remainder: whole({ '504': 7 }, { previous: maps({ '77': 1_000_000 }) }),
  'previous-unknown': whole({}, { rut: '76123456-0' }),
  'ppm-rate-unknown': whole({ '563': 100 }),
  'ppm-rate-odd': whole({ '563': 0, '115': 12.5 }),
  'ppm-base': whole({ ...SOUND, '563': 10_000_000 }),
  proposal: whole({ '151': 5 }, { proposal: maps({ '151': 6 }) }),
  'month-on-month': whole({ '151': 9_000_000 }, { previous: maps({ '151': 900_000 }) }),
  'period-not-over': whole({}, { today: '2026-09-30' }),
  late: whole({ '151': 100 }, { dueDate: '2026-10-12', today: '2026-10-13' }),
  'utm-unconfirmed': whole({ '504': 1 }),
  'unsupported-additional-taxes': whole({ '577': 1 }),
  'unsupported-luxury-tax': whole({ '522': 1 }),
  'unsupported-change-of-subject': whole({ '39': 1 }),
  'unsupported-consignment': whole({ '500': 1, '501': 1 }),
  'unsupported-digital-platforms': whole({ '100': 1 }),
  'unsupported-refunds': whole({ '594': 1 }),
  'unsupported-diesel': whole({ '742': 1 }),
  'unsupported-postponed-vat': whole({ '756': 1 }),
  'unsupported-mining': whole({ '123': 1 }),
  'unsupported-simplified': whole({ '409': 1 }),
  'unsupported-special-credits': whole({ '725': 1 }),
};

describe('the rules of the form', () => {
  it('finds nothing in a return that is sound', () => {
    expect(check(whole(SOUND))).toEqual([]);
    expect(check(whole(SOUND, { previous: maps({ ...SOUND, '77': 0 }) }))).toEqual([]);
    expect(check(whole({}))).toEqual([]);
  });

  it.each(Object.entries(BROKEN))('%s is seen where it is broken', (name, broken) => {
    expect(namesOf(broken)).toContain(name);
    const [found] = check(broken).filter(({ rule }) => rule === name);
    expect(found?.detail.es).not.toBe('');
    expect(found?.detail.en).not.toBe(found?.detail.es);
  });

  it.each(FORMULAS.map(({ code }) => code))('a wrong %s is seen, and by how much', (code) => {
    const inputs = FORMULAS.find((each) => each.code === code)?.inputs ?? [];
    const sound = workOut(new Map(inputs.map((each, index) => [each, 1_000 * (index + 1)])));
    const wrong = new Map(sound).set(code, (sound.get(code) ?? 0) + 7);
    const findings = check(returnOf(Object.fromEntries(wrong)));
    const found = findings.filter((each) => each.code === code && each.expected !== undefined);
    expect(found[0]).toMatchObject({
      ...{ expected: wrong.get(code), actual: wrong.get(code) },
      expected: sound.get(code),
    });
  });

  it('has an example of each rule, and no rule twice', () => {
    const names = RULES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const shown = names.filter((name) => !name.startsWith('arithmetic-'));
    expect(shown.filter((name) => !(name in BROKEN))).toEqual([]);
  });

  it('lets one peso a document pass where VAT is inside of what was paid', () => {
    // Each boleta of 990 pesos holds 158,07 of VAT: a program that rounds up says 159 of each.
    const paid = { dteType: 39, documents: 100, total: 99_000 };
    const ledger = (vat: number): Around => ({
      ledger: [group({ ...paid, net: 99_000 - vat, vat })],
    });
    expect(namesOf(whole({}, ledger(15_900)))).not.toContain('vat-of-documents');
    expect(namesOf(whole({}, ledger(15_910)))).toContain('vat-of-documents');
    expect(namesOf(whole({}, ledger(15_700)))).toContain('vat-of-documents');
  });

  it('takes a remainder by UTM to the peso, and says what it should be', () => {
    const previous = maps({ '77': 1_000_000 });
    // 1.000.000 / 71.721 = 13,94 UTM of September; × 72.151 of October.
    const carried = { '504': 1_005_785 };
    const around = { period: '202609', previous };
    expect(namesOf(whole(carried, around))).not.toContain('remainder');
    const [found] = check(whole({ '504': 1_000_000 }, around)).filter(
      ({ rule }) => rule === 'remainder',
    );
    expect(found).toMatchObject({ code: '504', expected: 1_005_785, actual: 1_000_000 });
  });

  it('tells errors before warnings, and both before what is only told', () => {
    const severities = check(whole({ '151': -5, '99999': 1, '409': 3 }, { rut: '76123456-0' })).map(
      ({ severity }) => severity,
    );
    // The totals that follow are negative, too.
    const errors = ['error', 'error', 'error', 'error'];
    expect(severities).toEqual([...errors, 'warning', 'info', 'info']);
  });

  it('reads what a client sends for one code alone', () => {
    expect(check(returnOf({ '538': 1 }))).toMatchObject(
      [
        { rule: 'arithmetic-89', severity: 'error', code: '89', expected: 1 },
        { rule: 'arithmetic-538', severity: 'error', code: '538', expected: 0, actual: 1 },
      ].sort((a, b) => Number(b.code) - Number(a.code)),
    );
  });
});
