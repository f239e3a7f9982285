import { IdField, InstantField, ObjectField, TextField, WordsField } from '#kernel';

export class SignedInUserView {
  @IdField()
  id!: string;

  @IdField()
  companyId!: string;

  @TextField({ max: 64 })
  login!: string;

  @TextField({ max: 100 })
  name!: string;

  @WordsField({ maxItems: 20, max: 40 })
  roles!: string[];
}

export class SessionView {
  @TextField({ max: 64, description: 'send it as Authorization: Bearer; it is shown only here' })
  token!: string;

  @InstantField()
  expiresAt!: string;

  @ObjectField(() => SignedInUserView)
  user!: SignedInUserView;
}

export class WhoAmIView {
  @ObjectField(() => SignedInUserView)
  user!: SignedInUserView;

  @WordsField({ maxItems: 1000, max: 100, description: 'what the user may do' })
  permissions!: string[];
}
