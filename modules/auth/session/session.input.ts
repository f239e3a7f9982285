import { SecretField, TextField } from '#kernel';
import { MAX_PASSWORD } from '../credential/credential.input.js';

export class SignIn {
  @TextField({ max: 64 })
  login!: string;

  @SecretField({ max: MAX_PASSWORD })
  password!: string;
}

/** One of the two. */
export class Unlock {
  @SecretField({ max: MAX_PASSWORD, optional: true })
  password?: string;

  @SecretField({ max: 8, optional: true })
  pin?: string;
}
