import {
  ChoiceField,
  IdField,
  InstantField,
  MAX_PESOS,
  pick,
  PesosField,
  TextField,
} from '#kernel';
import { MOVEMENT_TYPES } from './entry.entity.js';
import type { Entry } from './entry.entity.js';

export class EntryView {
  @IdField()
  id!: string;

  @IdField()
  cashSessionId!: string;

  @IdField()
  cashierId!: string;

  @ChoiceField([...MOVEMENT_TYPES, 'rounding'])
  kind!: Entry['kind'];

  @PesosField({ min: -MAX_PESOS, description: 'whole pesos; negative when they leave the drawer' })
  amount!: number;

  @TextField({ max: 500, nullable: true })
  reason!: string | null;

  @IdField({ nullable: true, description: 'the payment that was rounded' })
  paymentId!: string | null;

  @IdField({ nullable: true, description: 'the prepaid entry that was rounded' })
  prepaidEntryId!: string | null;

  @IdField({ nullable: true, description: 'the movement that this one takes back' })
  undoesId!: string | null;

  @IdField({ nullable: true })
  actorId!: string | null;

  @InstantField()
  createdAt!: string;

  static of(this: void, entry: Entry): EntryView {
    return {
      ...pick(entry, 'id', 'cashSessionId', 'cashierId', 'kind', 'amount', 'reason'),
      ...pick(entry, 'paymentId', 'prepaidEntryId', 'undoesId', 'actorId'),
      createdAt: entry.createdAt.toISOString(),
    };
  }
}
