import { BooleanField, ChoiceField, IdField, IntegerField, PesosField, TextField } from '#kernel';
import { SERVICE_UNITS } from './service.entity.js';
import type { Service, ServiceUnit } from './service.entity.js';

export class ServiceView {
  @IdField()
  id!: string;

  @TextField({ max: 20 })
  code!: string;

  @TextField({ max: 100 })
  name!: string;

  @ChoiceField(SERVICE_UNITS)
  unit!: ServiceUnit;

  @PesosField()
  price!: number;

  @BooleanField()
  active!: boolean;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, service: Service): ServiceView {
    const { id, code, name, unit, price, active, version } = service;
    return { id, code, name, unit, price, active, version };
  }
}
