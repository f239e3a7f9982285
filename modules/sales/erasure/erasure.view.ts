import { ChoiceField, IdField, InstantField, IntegerField, pick, TextField } from '#kernel';
import { ERASURE_STATES } from './erasure.entity.js';
import type { Erasure, ErasureState } from './erasure.entity.js';

export class ErasureView {
  @IdField()
  id!: string;

  @InstantField()
  createdAt!: string;

  @IdField()
  customerId!: string;

  @TextField({ max: 40 })
  requestNumber!: string;

  @TextField({ max: 500 })
  reason!: string;

  @ChoiceField(ERASURE_STATES)
  state!: ErasureState;

  @IdField({ nullable: true, description: 'null when the operator’s command did it' })
  requestedBy!: string | null;

  @IdField({ nullable: true, description: 'the second person' })
  approvedBy!: string | null;

  @InstantField({ nullable: true })
  erasedAt!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, erasure: Erasure): ErasureView {
    return {
      ...pick(erasure, 'id', 'customerId', 'requestNumber', 'reason', 'state'),
      ...pick(erasure, 'requestedBy', 'approvedBy', 'version'),
      createdAt: erasure.createdAt.toISOString(),
      erasedAt: erasure.erasedAt?.toISOString() ?? null,
    };
  }
}
