import evaluator from 'csp_evaluator/dist/evaluator.js';
import finding from 'csp_evaluator/dist/finding.js';
import parser from 'csp_evaluator/dist/parser.js';
import type { ProofFinding } from './proof.entity.js';

const MAX_FINDINGS = 50;

/** What npm `csp_evaluator` finds weak in a policy, the gravest first. */
export function weaknessesOf(text: string): readonly ProofFinding[] {
  const found = new evaluator.CspEvaluator(new parser.CspParser(text).csp).evaluate();
  return [...found]
    .sort((a, b) => a.severity - b.severity)
    .slice(0, MAX_FINDINGS)
    .map(({ severity, directive, value, description }) => ({
      severity: severity === finding.Severity.HIGH ? ('high' as const) : ('other' as const),
      directive,
      value: value ?? null,
      description,
    }));
}
