import { ChoiceField, PesosField, TextField } from '#kernel';
import { MOVEMENT_TYPES } from './entry.entity.js';
import type { MovementType } from './entry.entity.js';

export class MoveCash {
  @ChoiceField(MOVEMENT_TYPES, { description: 'drop: to the safe or the bank' })
  type!: MovementType;

  @PesosField({ min: 1 })
  amount!: number;

  @TextField({ min: 3, max: 500 })
  reason!: string;
}

export class UndoMovement {
  @TextField({ min: 3, max: 500 })
  reason!: string;
}
