import { BooleanField, RutField, TextField } from '#kernel';

const PHONE = /^\+?[\d ]{7,20}$/;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

export class CreateCustomer {
  @TextField({ max: 120 })
  name!: string;

  @RutField({ optional: true })
  rut?: string;

  @TextField({ max: 21, pattern: PHONE, optional: true })
  phone?: string;

  @TextField({ max: 254, pattern: EMAIL, optional: true })
  email?: string;

  @TextField({ max: 1000, optional: true })
  notes?: string;
}

export class EditCustomer {
  @TextField({ max: 120, optional: true })
  name?: string;

  @RutField({ optional: true, nullable: true })
  rut?: string | null;

  @TextField({ max: 21, pattern: PHONE, optional: true, nullable: true })
  phone?: string | null;

  @TextField({ max: 254, pattern: EMAIL, optional: true, nullable: true })
  email?: string | null;

  @TextField({ max: 1000, optional: true, nullable: true })
  notes?: string | null;

  @BooleanField({ optional: true })
  active?: boolean;
}
