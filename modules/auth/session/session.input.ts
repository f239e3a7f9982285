import { SecretField, TextField } from '#kernel';
import { MAX_PASSWORD } from '../credential/credential.input.js';
import { CODE } from '../totp/totp.input.js';

export class SignIn {
  @TextField({ max: 64 })
  login!: string;

  @SecretField({ max: MAX_PASSWORD })
  password!: string;

  @SecretField({ ...CODE, optional: true })
  code?: string;
}

/** One of the two. */
export class Unlock {
  @SecretField({ max: MAX_PASSWORD, optional: true })
  password?: string;

  @SecretField({ max: 8, optional: true })
  pin?: string;
}

/** One of the two; who has an authenticator app proves it by code. */
export class ProveAgain {
  @SecretField({ max: MAX_PASSWORD, optional: true })
  password?: string;

  @SecretField({ ...CODE, optional: true })
  code?: string;
}
