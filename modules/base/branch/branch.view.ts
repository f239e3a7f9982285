import { BooleanField, IdField, IntegerField, TextField } from '#kernel';
import type { Branch } from './branch.entity.js';

export class BranchView {
  @IdField()
  id!: string;

  @TextField({ max: 12 })
  code!: string;

  @TextField({ max: 100 })
  name!: string;

  @TextField({ max: 300, nullable: true })
  address!: string | null;

  @BooleanField()
  active!: boolean;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, branch: Branch): BranchView {
    const { id, code, name, address, active, version } = branch;
    return { id, code, name, address, active, version };
  }
}
