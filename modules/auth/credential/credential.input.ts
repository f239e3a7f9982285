import { SecretField } from '#kernel';

/** Longer than any person types; a bound only so that a body has one. */
export const MAX_PASSWORD = 256;

export class ChangePassword {
  @SecretField({ max: MAX_PASSWORD })
  currentPassword!: string;

  @SecretField({ max: MAX_PASSWORD })
  newPassword!: string;
}

export class CheckPassword {
  @SecretField({ max: MAX_PASSWORD })
  password!: string;
}

export class SetPin {
  @SecretField({ max: MAX_PASSWORD })
  password!: string;

  /** 4 to 8 digits, or null to have none. */
  @SecretField({
    max: 8,
    optional: true,
    description: '4 to 8 digits; left out, the PIN is removed',
  })
  pin?: string;
}
