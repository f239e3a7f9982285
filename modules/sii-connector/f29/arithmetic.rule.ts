import { applies, FORMULAS, REVERSE } from './formulas.js';
import type { Formula } from './formulas.js';
import { remark } from './rule.js';
import type { FindingSeverity, Rule } from './rule.js';

/** Totals that a return may leave out: it says them elsewhere, or the site adds them. */
const MAY_BE_ABSENT: readonly string[] = ['511', '547', '94'];

/** The site may round a percentage otherwise than half up. */
const TOLERANCE: Readonly<Record<string, number>> = { '62': 1, '795': 1 };

function severityOf({ code, proof }: Formula): FindingSeverity {
  // The credit of electronic documents informs; paper makes it differ from the sum of all.
  if (code === '511') return 'info';
  return proof === 'proven' ? 'error' : 'warning';
}

/** A total is what its formula makes of the codes beside it. */
export const arithmeticRules: readonly Rule[] = FORMULAS.map((formula) => ({
  name: `arithmetic-${formula.code}`,
  severity: severityOf(formula),
  title: {
    es: `El código ${formula.code} es ${formula.text}`,
    en: `Code ${formula.code} is ${formula.text}`,
  },
  source: formula.source,
  check: ({ numbers }) => {
    const { code, text } = formula;
    const actual = numbers.get(code);
    // What the reverse adds and takes is derived from signs: another rule warns of it.
    const derived = code === '547' && REVERSE.some((each) => numbers.get(each));
    if (derived || (actual === undefined && MAY_BE_ABSENT.includes(code))) return [];
    if (!applies(formula, numbers)) return [];
    const expected = formula.of((each) => numbers.get(each) ?? 0);
    if (Math.abs((actual ?? 0) - expected) <= (TOLERANCE[code] ?? 0)) return [];
    const said = actual === undefined ? 'nada' : String(actual);
    const told = actual === undefined ? 'nothing' : String(actual);
    return [
      remark(
        code,
        `${code} = ${text} da ${expected}; la declaración dice ${said}.`,
        `${code} = ${text} gives ${expected}; the return says ${told}.`,
        { expected, ...(actual === undefined ? {} : { actual }) },
      ),
    ];
  },
}));

/** The total of the reverse, by the signs that the form prints. */
export const reverseRules: readonly Rule[] = [
  {
    name: 'reverse-547',
    severity: 'warning',
    title: {
      es: 'El total determinado con valores en el reverso sigue los signos del formulario',
      en: 'The determined total with values on the reverse follows the form’s signs',
    },
    source: 'signs of the form; no official text was found',
    check: ({ numbers }) => {
      const formula = FORMULAS.find(({ code }) => code === '547');
      const actual = numbers.get('547') ?? 0;
      if (!formula || !REVERSE.some((code) => numbers.get(code))) return [];
      const expected = formula.of((code) => numbers.get(code) ?? 0);
      if (expected === actual) return [];
      return [
        remark(
          '547',
          `Por los signos del formulario 547 sería ${expected}; la declaración dice ${actual}.`,
          `By the form’s signs 547 would be ${expected}; the return says ${actual}.`,
          { expected, actual },
        ),
      ];
    },
  },
  {
    name: 'reverse-credits-cover-all',
    severity: 'warning',
    title: {
      es: 'Los créditos del reverso cubren todo el impuesto',
      en: 'Credits of the reverse cover all of the tax',
    },
    source: 'SII, preguntas frecuentes: 91 es 547 si es positivo; si no, 595',
    check: ({ numbers }) => {
      const covered = (numbers.get('547') ?? 0) <= 0 && (numbers.get('595') ?? 0) > 0;
      if (!covered || !REVERSE.some((code) => numbers.get(code))) return [];
      return [
        remark(
          '91',
          'Los créditos especiales dejan 547 en cero y 91 toma 595: revise en el portal qué se paga.',
          'Special credits leave 547 at nothing and 91 takes 595: see on the site what is to be paid.',
        ),
      ];
    },
  },
];
