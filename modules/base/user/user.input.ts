import { BooleanField, TextField, WordsField } from '#kernel';

export class CreateUser {
  @TextField({ min: 2, max: 64, pattern: /^[a-z0-9][a-z0-9._-]*$/ })
  login!: string;

  @TextField({ max: 100 })
  name!: string;

  @WordsField({ maxItems: 20, max: 40, description: 'names of declared roles' })
  roles!: string[];

  @BooleanField({ optional: true, description: 'a program: it has API keys and no password' })
  bot?: boolean;
}

export class EditUser {
  @TextField({ max: 100, optional: true })
  name?: string;

  @WordsField({ maxItems: 20, max: 40, optional: true, description: 'names of declared roles' })
  roles?: string[];

  @BooleanField({ optional: true })
  active?: boolean;
}
