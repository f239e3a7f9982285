import type { Sentence } from '#kernel';
import type { Figures } from '../tables/figures.js';
import type { CodeNumbers } from './formulas.js';
import type { LedgerGroup } from './ledger-map.js';

/** An error blocks, a warning is acknowledged with a reason, an info is read. */
export const FINDING_SEVERITIES = ['error', 'warning', 'info'] as const;
export type FindingSeverity = (typeof FINDING_SEVERITIES)[number];

/** What a return says at a code: pesos, a count, a rate; a text in the header. */
export type CodeValue = number | string;

/** A return, and what is known around it; whatever is null is not looked at. */
export interface CheckedReturn {
  /** `YYYYMM`. */
  readonly period: string;
  readonly codes: ReadonlyMap<string, CodeValue>;
  /** The codes that hold numbers. */
  readonly numbers: CodeNumbers;
  readonly figures: Figures;
  /** RUT of the company, canonical. */
  readonly rut: string | null;
  /** Today in America/Santiago, `YYYY-MM-DD`. */
  readonly today: string | null;
  /** The last day to file it. */
  readonly dueDate: string | null;
  /** The return of the month before. */
  readonly previous: CodeNumbers | null;
  /** The SII's own proposal, where it was imported. */
  readonly proposal: CodeNumbers | null;
  /** The month's documents as they were when the codes were computed; null when none were asked. */
  readonly ledger: readonly LedgerGroup[] | null;
  /** What documents and figures say of each code, whatever was typed; null when none were asked. */
  readonly computed: CodeNumbers | null;
  /** Fees of the month with a withholding: how many, gross and withheld pesos. */
  readonly fees: FeeSums | null;
  /** Whether documents came or changed since the codes were computed. */
  readonly isStale: boolean;
}

/** Fees of a month of which something was withheld. */
export interface FeeSums {
  readonly documents: number;
  readonly gross: number;
  readonly withheld: number;
}

/** What a rule has to say of a code. */
export interface Remark {
  /** The code it is about; null when it is about the return. */
  readonly code: string | null;
  readonly expected?: number;
  readonly actual?: number;
  readonly detail: Sentence;
}

/** A named rule. */
export interface Rule {
  readonly name: string;
  readonly severity: FindingSeverity;
  readonly title: Sentence;
  /** Where the rule comes from. */
  readonly source: string;
  readonly check: (checked: CheckedReturn) => readonly Remark[];
}

/** A remark with the rule that made it. */
export interface Finding extends Remark {
  readonly rule: string;
  readonly severity: FindingSeverity;
}

/** A remark as one line. */
export function remark(
  code: string | null,
  es: string,
  en: string,
  figures: Pick<Remark, 'expected' | 'actual'> = {},
): Remark {
  return { code, detail: { es, en }, ...figures };
}

/** The numbers among the values of a return. */
export function numbersOf(codes: ReadonlyMap<string, CodeValue>): Map<string, number> {
  return new Map(
    [...codes].filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
