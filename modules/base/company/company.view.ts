import { IdField, IntegerField, TextField } from '#kernel';
import type { Company } from './company.entity.js';

export class CompanyView {
  @IdField()
  id!: string;

  @TextField({ max: 12 })
  rut!: string;

  @TextField({ max: 200 })
  name!: string;

  @TextField({ max: 300, nullable: true })
  address!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, company: Company): CompanyView {
    const { id, rut, name, address, version } = company;
    return { id, rut, name, address, version };
  }
}
