import { Injectable } from '@nestjs/common';
import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { Config, Problem } from '#kernel';
import type { FieldFault } from '#kernel';
import { authConfig } from '../auth.config.js';
import { PasswordRefused } from './credential.problems.js';

/** What a policy thinks of a password. */
export interface Verdict {
  /** 0 (guessed at once) to 4 (strong), as zxcvbn estimates it. */
  readonly score: number;
  readonly faults: readonly Omit<FieldFault, 'field'>[];
  /** How to make it better, whether or not it is accepted. */
  readonly hints: readonly Omit<FieldFault, 'field'>[];
}

interface Estimator {
  readonly zxcvbn: ZxcvbnFactory;
  readonly common: ReadonlySet<string>;
  readonly hint: (key: string) => Omit<FieldFault, 'field'>;
}

/** Characters that are estimated; the rest of a long password adds nothing and costs much time. */
const ESTIMATED = 72;
const NIST_LENGTH = 15;
/** Characters that must be left when the names that belong here are taken out. */
const MIN_OWN = 6;
const DAY_MS = 86_400_000;

/**
 * What a password must be. `ofitec` is what the shops ask for: length, four kinds of characters, no
 * repetition of earlier ones, a maximum age. `nist-63b-4` follows NIST SP 800-63B-4 section 3.1.1:
 * 15 characters, a blocklist, no composition, no rotation. Neither cuts a password off.
 */
@Injectable()
export class PasswordPolicyService {
  private readonly isNist: boolean;
  private readonly minLength: number;
  private readonly maxAgeDays: number;
  /** Earlier passwords that may not come back. */
  readonly history: number;
  private estimator: Promise<Estimator> | null = null;

  constructor(config: Config) {
    const values = config.of(authConfig);
    this.isNist = values.PASSWORD_POLICY === 'nist-63b-4';
    this.minLength = this.isNist ? NIST_LENGTH : values.PASSWORD_MIN_LENGTH;
    this.maxAgeDays = this.isNist ? 0 : values.PASSWORD_MAX_AGE_DAYS;
    this.history = this.isNist ? 0 : values.PASSWORD_HISTORY;
  }

  /** Whether a password set then is too old by now. */
  hasExpired(changedAt: Date, now: Date): boolean {
    return this.maxAgeDays > 0 && now.getTime() - changedAt.getTime() > this.maxAgeDays * DAY_MS;
  }

  /** @param context words that an attacker would try first: login, name, the shop's name */
  async judge(password: string, context: readonly string[]): Promise<Verdict> {
    const text = password.normalize('NFC');
    const words = [...context, 'ofitec'].flatMap((word) => [
      word,
      ...word.split(/[^\p{L}\p{N}]+/u),
    ]);
    const known = words.map((word) => word.toLowerCase()).filter((word) => word.length > 3);
    const { zxcvbn, common, hint } = await this.estimate();
    const { score, feedback } = zxcvbn.check(text.slice(0, ESTIMATED), known);
    const faults = [...this.lengthFaults(text), ...(this.isNist ? [] : compositionFaults(text))];
    const lower = text.toLowerCase();
    if (common.has(lower)) {
      faults.push({
        es: 'está en las listas de contraseñas comunes',
        en: 'is on lists of common passwords',
      });
    } else if (withoutAny(lower, known).length < MIN_OWN) {
      faults.push({
        es: 'es casi solo un nombre de aquí',
        en: 'is little more than a name that belongs here',
      });
    } else if (score < 3) {
      faults.push({ es: 'se adivina con facilidad', en: 'is easy to guess' });
    }
    const hints = [feedback.warning, ...feedback.suggestions].filter((key) => key !== null);
    return { score, faults, hints: hints.map(hint) };
  }

  /** @throws Problem PasswordRefused with every reason */
  async demand(field: string, password: string, context: readonly string[]): Promise<void> {
    const { score, faults, hints } = await this.judge(password, context);
    if (faults.length === 0) return;
    throw new Problem(PasswordRefused, {
      faults: [...faults, ...hints].map((fault) => ({ field, ...fault })),
      extra: { score },
    });
  }

  private lengthFaults(text: string): Omit<FieldFault, 'field'>[] {
    const { minLength } = this;
    if ([...text].length >= minLength) return [];
    return [
      {
        es: `tiene menos de ${minLength} caracteres`,
        en: `has fewer than ${minLength} characters`,
      },
    ];
  }

  /** The dictionaries take 50 MB and a fifth of a second: only when somebody sets a password. */
  private estimate(): Promise<Estimator> {
    this.estimator ??= loadEstimator();
    return this.estimator;
  }
}

const KINDS = [
  [/\p{Lu}/u, 'no tiene mayúsculas', 'has no upper-case letter'],
  [/\p{Ll}/u, 'no tiene minúsculas', 'has no lower-case letter'],
  [/\p{Nd}/u, 'no tiene números', 'has no digit'],
  [/[^\p{L}\p{Nd}\s]/u, 'no tiene símbolos', 'has no symbol'],
] as const;

function compositionFaults(text: string): Omit<FieldFault, 'field'>[] {
  return KINDS.filter(([kind]) => !kind.test(text)).map(([, es, en]) => ({ es, en }));
}

function withoutAny(text: string, words: readonly string[]): string {
  return words.reduce((rest, word) => rest.replaceAll(word, ''), text);
}

async function loadEstimator(): Promise<Estimator> {
  const [{ ZxcvbnFactory: Factory }, common, spanish, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-es-es'),
    import('@zxcvbn-ts/language-en'),
  ]);
  const keysOf = <T extends object>(of: T): T =>
    Object.fromEntries(Object.keys(of).map((key) => [key, key])) as T;
  const { warnings, suggestions, ...rest } = english.translations;
  const zxcvbn = new Factory({
    dictionary: { ...common.dictionary, ...english.dictionary, ...spanish.dictionary },
    graphs: common.adjacencyGraphs,
    // The keys themselves, so that both languages can be looked up afterwards.
    translations: { ...rest, warnings: keysOf(warnings), suggestions: keysOf(suggestions) },
  });
  const sentences = (of: typeof english.translations): Record<string, string> => ({
    ...of.warnings,
    ...of.suggestions,
  });
  const [es, en] = [sentences(spanish.translations), sentences(english.translations)];
  return {
    zxcvbn,
    common: new Set(Object.values(common.dictionary).flat().map(String)),
    hint: (key) => ({ es: es[key] ?? key, en: en[key] ?? key }),
  };
}
