import { ChoiceField, PesosField, TextField } from '#kernel';
import { WHY } from '../payment/payment.entity.js';
import { MOVEMENT_TYPES } from './entry.entity.js';
import type { MovementType } from './entry.entity.js';

export class MoveCash {
  @ChoiceField(MOVEMENT_TYPES, { description: 'drop: to the safe or the bank' })
  type!: MovementType;

  @PesosField({ min: 1 })
  amount!: number;

  @TextField({ min: 3, max: 500, description: WHY })
  reason!: string;
}

export class UndoMovement {
  @TextField({ min: 3, max: 500, description: WHY })
  reason!: string;
}
