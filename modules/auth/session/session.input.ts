import { SecretField, TextField } from '#kernel';

export class SignIn {
  @TextField({ max: 64 })
  login!: string;

  @SecretField({ max: 256 })
  password!: string;
}
