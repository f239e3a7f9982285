/**
 * The arithmetic of the Form 29. Each total is a named formula with its source; terms are codes
 * without leading zeros. Sources: LDA = the sums in LibreDTE's report of the form; FAQ = the SII's
 * questions and answers (2025); samples = checked on filed returns; derived = follows from the
 * signs that the form itself prints, seen in no official text.
 */
export type CodeNumbers = ReadonlyMap<string, number>;

/** How far a formula is proven: a `proven` one that does not come out blocks, a `derived` one warns. */
type Proof = 'proven' | 'derived';

export interface Formula {
  readonly code: string;
  /** The formula as people read it. */
  readonly text: string;
  readonly inputs: readonly string[];
  readonly source: string;
  readonly proof: Proof;
  /** Whether the total is worth stating when none of its inputs is there: 538 is, 741 is not. */
  readonly always: boolean;
  /** Inputs without which it says nothing, though others be there. */
  readonly needs?: readonly string[];
  /** The value from the numbers; what is absent counts as nothing. */
  readonly of: (read: (code: string) => number) => number;
}

type Options = Partial<Pick<Formula, 'proof' | 'always' | 'needs'>>;

const list = (codes: string): readonly string[] => codes.split(' ').filter((code) => code !== '');

/** A sum of codes, some taken away. */
function sum(
  code: string,
  plus: string,
  minus: string,
  source: string,
  options: Options = {},
): Formula {
  const [added, taken] = [list(plus), list(minus)];
  return {
    ...{ code, source, proof: 'proven', always: false, inputs: [...added, ...taken] },
    text: [added.join(' + '), ...taken].join(' − '),
    of: (read) => total(added.map(read)) - total(taken.map(read)),
    ...options,
  };
}

/** Any other formula. */
function formula(
  code: string,
  text: string,
  inputs: string,
  of: Formula['of'],
  source: string,
  options: Options = {},
): Formula {
  const proof: Proof = 'proven';
  return { code, text, inputs: list(inputs), of, source, proof, always: false, ...options };
}

const total = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0);
const positive = (value: number): number => Math.max(value, 0);

const DERIVED: Options = { proof: 'derived' };
const ALWAYS: Options = { always: true };

/** Credits of the reverse that are taken off the determined taxes. */
const SPECIAL_CREDITS = '725 704 160 126 572 768';

/** Taxes that the reverse determines. */
const REVERSE_TAXES = '409 550 506 596 103 814 816';

/** Codes of the reverse: with a value in any of them, 547 and not 595 is what is paid. */
export const REVERSE: readonly string[] = list(`${REVERSE_TAXES} ${SPECIAL_CREDITS} 598`);

const FRONT_TAXES = '89 760 50 48 151 153 54 56 588 589 62 123 703 66 152 70 49 155 156 157';

/** Percent of an amount in whole pesos, half up; the rate has at most three decimals. */
export function percentOf(amount: number, rate: number): number {
  const thousandths = BigInt(Math.round(rate * 1000));
  const product = BigInt(Math.trunc(amount)) * thousandths;
  const half = product < 0n ? -50_000n : 50_000n;
  return Number((product + half) / 100_000n);
}

/** In the order in which they are worked out: each comes after those it needs. */
export const FORMULAS: readonly Formula[] = [
  sum('741', '739', '740', 'LDA'),
  sum(
    '538',
    '502 764 717 111 759 513 517 501 154 518 713 741 791',
    '510 709 734',
    'LDA; 764 and 791 by the signs of the form of June 2026',
    ALWAYS,
  ),
  sum('511', '520 762 766 525 532', '528', 'samples; of electronic documents only', DERIVED),
  sum('127', '742 743', '', 'LDA'),
  sum('544', '744 745', '', 'LDA'),
  sum(
    '537',
    '520 762 766 525 532 535 553 504 164 127 544 523 712 757',
    '528 593 594 592 539 718 790',
    'LDA, samples; 766 and 790 by the signs of the form of June 2026',
    ALWAYS,
  ),
  formula('89', 'máx(538 − 537; 0)', '538 537', (of) => positive(of('538') - of('537')), 'FAQ', {
    always: true,
  }),
  formula('77', 'máx(537 − 538; 0)', '537 538', (of) => positive(of('537') - of('538')), 'FAQ', {
    always: true,
  }),
  formula(
    '62',
    'máx(563 × 115 % − 68; 0)',
    '563 115 68',
    (of) => positive(percentOf(of('563'), of('115')) - of('68')),
    'LDA, samples',
    { needs: ['563', '115'] },
  ),
  sum('595', FRONT_TAXES, '723 755', 'LDA, samples; 49, 155, 156, 157 and 755 derived', ALWAYS),
  formula(
    '550',
    'máx(522 + 526 + 113 − 28 − 548 − 540 + 541; 0)',
    '522 526 113 28 548 540 541',
    (of) => positive(article37(of)),
    'derived',
    DERIVED,
  ),
  formula(
    '549',
    'máx(28 + 548 + 540 − 541 − 522 − 526 − 113; 0)',
    '522 526 113 28 548 540 541',
    (of) => positive(-article37(of)),
    'derived',
    DERIVED,
  ),
  sum('602', '577 32 150 146 752 545', '546 710', 'signs of the form', DERIVED),
  formula(
    '506',
    'máx(602 − 603; 0)',
    '602 603',
    (of) => positive(of('602') - of('603')),
    'derived',
    {
      proof: 'derived',
    },
  ),
  formula(
    '507',
    'máx(603 − 602; 0)',
    '602 603',
    (of) => positive(of('603') - of('602')),
    'derived',
    {
      proof: 'derived',
    },
  ),
  sum('543', '556 557', '558', 'signs of the form'),
  formula('598', 'mín(89; 543)', '89 543', (of) => Math.min(of('89'), of('543')), 'derived', {
    proof: 'derived',
    needs: ['543'],
  }),
  sum('573', '543', '598', 'derived', { proof: 'derived', needs: ['543'] }),
  sum('596', '39 554 597 555', '736', 'signs of the form'),
  ...netted('103', '104', '100', '101 102'),
  ...netted('814', '815', '811', '812 813'),
  formula(
    '547',
    `máx(595 + ${REVERSE_TAXES.replaceAll(' ', ' + ')} − 598 − ${SPECIAL_CREDITS.replaceAll(' ', ' − ')}; 0)`,
    `595 ${REVERSE_TAXES} 598 ${SPECIAL_CREDITS}`,
    (of) =>
      positive(
        of('595') +
          total(list(REVERSE_TAXES).map(of)) -
          of('598') -
          total(list(SPECIAL_CREDITS).map(of)),
      ),
    'signs of the form; samples where the reverse is empty',
    ALWAYS,
  ),
  formula(
    '91',
    '547 si el reverso tiene valores y es positivo; si no, 595',
    `547 595 ${REVERSE.join(' ')}`,
    (of) => (REVERSE.some((code) => of(code) !== 0) && of('547') > 0 ? of('547') : of('595')),
    'FAQ, samples',
    ALWAYS,
  ),
  formula('795', '93 × 60 %', '93 60', (of) => percentOf(of('93'), of('60')), 'LDA, samples'),
  sum('94', '91 92 93', '795', 'LDA, samples', ALWAYS),
];

function article37(of: (code: string) => number): number {
  return total(list('522 526 113 541').map(of)) - total(list('28 548 540').map(of));
}

/** Withheld tax less adjustments, and what of the adjustments is left for the next month. */
function netted(net: string, rest: string, gross: string, less: string): Formula[] {
  const taken = list(less);
  const left = (of: (code: string) => number): number => of(gross) - total(taken.map(of));
  const text = `${gross} − ${taken.join(' − ')}`;
  const inputs = `${gross} ${less}`;
  return [
    formula(
      net,
      `máx(${text}; 0)`,
      inputs,
      (of) => positive(left(of)),
      'signs of the form',
      DERIVED,
    ),
    formula(rest, `máx(−(${text}); 0)`, inputs, (of) => positive(-left(of)), 'derived', DERIVED),
  ];
}

const BY_CODE = new Map(FORMULAS.map((each) => [each.code, each]));

/** The formula of a total, if the form has one. */
export function formulaOf(code: string): Formula | undefined {
  return BY_CODE.get(code);
}

/** Whether a formula has something to say about these numbers. */
export function applies({ always, needs, inputs }: Formula, numbers: CodeNumbers): boolean {
  if (needs) return needs.every((code) => numbers.has(code));
  return always || inputs.some((code) => numbers.has(code));
}

/**
 * Works out every total that its inputs allow. A number that is given stands: what a person typed
 * for a total is not overwritten but checked later.
 *
 * @param given what documents and persons said, by code
 */
export function workOut(given: CodeNumbers): Map<string, number> {
  const numbers = new Map(given);
  for (const each of FORMULAS) {
    if (given.has(each.code) || !applies(each, numbers)) continue;
    numbers.set(
      each.code,
      each.of((code) => numbers.get(code) ?? 0),
    );
  }
  return numbers;
}
