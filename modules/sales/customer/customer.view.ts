import { BooleanField, IdField, InstantField, IntegerField, TextField } from '#kernel';
import type { Customer } from './customer.entity.js';

export class CustomerView {
  @IdField()
  id!: string;

  @TextField({ max: 120 })
  name!: string;

  @TextField({ max: 12, nullable: true })
  rut!: string | null;

  @TextField({ max: 21, nullable: true })
  phone!: string | null;

  @TextField({ max: 254, nullable: true })
  email!: string | null;

  @TextField({ max: 1000, nullable: true })
  notes!: string | null;

  @BooleanField()
  active!: boolean;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, customer: Customer): CustomerView {
    const { id, name, rut, phone, email, notes, active, version } = customer;
    const createdAt = customer.createdAt.toISOString();
    return { id, name, rut, phone, email, notes, active, createdAt, version };
  }
}
