import { BooleanField, TextField } from '#kernel';

export class CreateBranch {
  @TextField({ max: 12, pattern: /^[A-Z][A-Z0-9]*$/ })
  code!: string;

  @TextField({ max: 100 })
  name!: string;

  @TextField({ max: 300, optional: true })
  address?: string;
}

export class EditBranch {
  @TextField({ max: 100, optional: true })
  name?: string;

  @TextField({ max: 300, optional: true, nullable: true })
  address?: string | null;

  @BooleanField({ optional: true })
  active?: boolean;
}
