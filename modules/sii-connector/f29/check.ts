import { inFormOrder } from '../tables/form.js';
import { arithmeticRules, reverseRules } from './arithmetic.rule.js';
import { formRules } from './form.rule.js';
import { historyRules } from './history.rule.js';
import { ledgerRules } from './ledger.rule.js';
import { FINDING_SEVERITIES } from './rule.js';
import type { CheckedReturn, Finding, Rule } from './rule.js';
import { unsupportedRules } from './unsupported.rule.js';

/** Every rule, by its name. */
export const RULES: readonly Rule[] = [
  ...[...formRules, ...arithmeticRules, ...reverseRules],
  ...[...ledgerRules, ...historyRules, ...unsupportedRules],
];

/** How many findings an answer holds at most: a proposal may differ at every code. */
export const MAX_FINDINGS = 2_000;

/** What the rules find, errors first, each in the form's order. */
export function check(checked: CheckedReturn): Finding[] {
  const found = RULES.flatMap((rule) =>
    rule
      .check(checked)
      .map((each): Finding => ({ rule: rule.name, severity: rule.severity, ...each })),
  );
  const order = inFormOrder(new Set(found.flatMap(({ code }) => (code === null ? [] : [code]))));
  const place = ({ code }: Finding): number => (code === null ? -1 : order.indexOf(code));
  const weight = ({ severity }: Finding): number => FINDING_SEVERITIES.indexOf(severity);
  return found
    .sort((a, b) => weight(a) - weight(b) || place(a) - place(b) || a.rule.localeCompare(b.rule))
    .slice(0, MAX_FINDINGS);
}
