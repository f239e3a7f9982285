import { SecretField } from '#kernel';

/** Longer than a recovery code with its dashes. */
const MAX_CODE = 40;

export const CODE = {
  max: MAX_CODE,
  description: 'six digits of the authenticator app, or a recovery code',
} as const;

/** A code of the authenticator app, or in its place a recovery code. */
export class ProveByCode {
  @SecretField(CODE)
  code!: string;
}

export class ConfirmTotp {
  @SecretField({ max: MAX_CODE, description: 'six digits of the authenticator app' })
  code!: string;
}
