import { BooleanField, IdField, IntegerField, TextField } from '#kernel';
import type { Register } from './register.entity.js';

export class RegisterView {
  @IdField()
  id!: string;

  @IdField()
  branchId!: string;

  @TextField({ max: 20 })
  code!: string;

  @TextField({ max: 100 })
  name!: string;

  @BooleanField()
  active!: boolean;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, register: Register): RegisterView {
    const { id, branchId, code, name, active, version } = register;
    return { id, branchId, code, name, active, version };
  }
}
