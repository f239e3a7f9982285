import { BooleanField, InstantField, IntegerField, TextField, WordsField } from '#kernel';
import type { Language } from '#kernel';
import type { Verdict } from './password-policy.service.js';

/** A password handed to a user by somebody else. */
export class InitialPasswordView {
  @TextField({ max: 64, description: 'good for one sign-in; it is shown only here' })
  initialPassword!: string;

  @InstantField({ description: 'it is refused from then on' })
  expiresAt!: string;
}

export class PasswordVerdictView {
  @BooleanField()
  accepted!: boolean;

  @IntegerField({ min: 0, max: 4, description: '0 is guessed at once, 4 is strong' })
  score!: number;

  @WordsField({ maxItems: 20, max: 200, description: 'why it is refused' })
  faults!: string[];

  @WordsField({ maxItems: 20, max: 200, description: 'how to make it stronger' })
  hints!: string[];

  static of({ score, faults, hints }: Verdict, language: Language): PasswordVerdictView {
    return {
      accepted: faults.length === 0,
      score,
      faults: faults.map((fault) => fault[language]),
      hints: hints.map((hint) => hint[language]),
    };
  }
}
