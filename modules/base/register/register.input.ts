import { BooleanField, IdField, TextField } from '#kernel';

export class CreateRegister {
  @IdField()
  branchId!: string;

  @TextField({ max: 20, pattern: /^[A-Z0-9][A-Z0-9-]*$/ })
  code!: string;

  @TextField({ max: 100 })
  name!: string;
}

export class EditRegister {
  @TextField({ max: 100, optional: true })
  name?: string;

  @BooleanField({ optional: true })
  active?: boolean;
}
