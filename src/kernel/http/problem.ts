import type { Language } from './language.js';

export type Sentence = Readonly<Record<Language, string>>;

/** One kind of thing that can go wrong (RFC 9457), declared once. */
export interface ProblemDefinition {
  /** Stable name, `<addon>.<what>`; `type` in the answer is `/problems/<code>`. */
  readonly code: string;
  readonly status: number;
  readonly title: Sentence;
  /** Names of database constraints whose violation means this problem. */
  readonly constraints?: readonly string[];
}

/** A fault of one field of the input. */
export interface FieldFault {
  /** JSON path of the field, `lines.0.quantity`. */
  readonly field: string;
  readonly es: string;
  readonly en: string;
}

export interface ProblemOptions {
  /** What happened this time, when the title does not say it all. */
  readonly detail?: Sentence;
  /** Further members of the answer that a program can read. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly faults?: readonly FieldFault[];
  /** Seconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /**
   * What the transaction has written before is committed all the same: a trace that must outlive
   * the refusal. Whoever throws it answers for what is written by then being whole.
   */
  readonly keepsWork?: boolean;
  readonly cause?: unknown;
}

const declared = new Map<string, ProblemDefinition>();

/** Declares a problem. @throws Error when another one has the code or constraint already */
export function defineProblem(definition: ProblemDefinition): ProblemDefinition {
  if (declared.has(definition.code)) throw new Error(`Problem ${definition.code} declared twice.`);
  const taken = definition.constraints?.find((constraint) => problemOfConstraint(constraint));
  if (taken) throw new Error(`Two problems claim the constraint ${taken}.`);
  declared.set(definition.code, definition);
  return definition;
}

/** Every declared problem, by code. */
export function declaredProblems(): readonly ProblemDefinition[] {
  return [...declared.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** The problem that the violation of a database constraint means, if one claims it. */
export function problemOfConstraint(constraint: string): ProblemDefinition | undefined {
  return declaredProblems().find((problem) => problem.constraints?.includes(constraint));
}

/** Something went wrong that the client can understand. Thrown anywhere; answered once, at the edge. */
export class Problem extends Error {
  constructor(
    readonly definition: ProblemDefinition,
    readonly options: ProblemOptions = {},
  ) {
    super(messageOf(definition, options), { cause: options.cause });
  }
}

/** The English words for logs and the operator's terminal. */
function messageOf(definition: ProblemDefinition, options: ProblemOptions): string {
  const faults = options.faults?.map(({ field, en }) => `${field} ${en}`).join('; ');
  const detail = options.detail?.en ?? faults;
  return detail ? `${definition.title.en}: ${detail}` : definition.title.en;
}
