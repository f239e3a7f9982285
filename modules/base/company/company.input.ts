import { RutField, TextField } from '#kernel';

export class FoundCompany {
  @RutField()
  rut!: string;

  @TextField({ max: 200 })
  name!: string;
}

export class EditCompany {
  @RutField({ optional: true })
  rut?: string;

  @TextField({ max: 200, optional: true })
  name?: string;

  @TextField({ max: 300, optional: true, nullable: true })
  address?: string | null;
}
