import { IdField, SecretField, TextField } from '#kernel';

export class RegisterTerminal {
  @TextField({ max: 100 })
  name!: string;

  @IdField({ optional: true, description: 'the branch where it stands' })
  branchId?: string;
}

export class SignInAtTerminal {
  @TextField({ max: 64 })
  login!: string;

  @SecretField({ max: 8 })
  pin!: string;
}
