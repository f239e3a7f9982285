import {
  ChoiceField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  pick,
  TextField,
} from '#kernel';
import { ERASURE_STATES, MOST_MENTIONS } from './erasure.entity.js';
import type { Erasure, ErasureState } from './erasure.entity.js';

export class MentionView {
  @TextField({ max: 1000, description: 'table and columns: payments_entry.reason' })
  where!: string;

  @TextField({ max: 100, nullable: true, description: 'id of the row' })
  id!: string | null;
}

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

  @ListField(() => MentionView, {
    maxItems: MOST_MENTIONS,
    description:
      'texts that still name the person, for somebody to look at; what they say is not repeated',
  })
  mentions!: MentionView[];

  @IntegerField({ min: 0, max: 2_147_483_647, description: 'all of them' })
  mentionCount!: number;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, erasure: Erasure): ErasureView {
    return {
      ...pick(erasure, 'id', 'customerId', 'requestNumber', 'reason', 'state'),
      ...pick(erasure, 'requestedBy', 'approvedBy', 'mentionCount', 'version'),
      mentions: erasure.mentions.map(({ where, id }) => ({ where, id })),
      createdAt: erasure.createdAt.toISOString(),
      erasedAt: erasure.erasedAt?.toISOString() ?? null,
    };
  }
}
