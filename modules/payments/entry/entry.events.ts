import { defineEvent } from '#kernel';
import { SEE_EXPECTED } from '../cash-session/cash-session.settings.js';

/** What every event of a cash movement carries; amount in whole pesos, negative when it leaves. */
export interface MovementFacts {
  readonly entryId: string;
  readonly cashSessionId: string;
  readonly kind: string;
  readonly amount: number;
}

export const CashMoved = defineEvent<MovementFacts>({
  name: 'cash_movement.made',
  version: 1,
  summary: 'cash was put into or taken out of a drawer, with the reason',
});

export const MovementUndone = defineEvent<MovementFacts & { undoesId: string }>({
  name: 'cash_movement.undone',
  version: 1,
  summary: 'a movement was taken back by a contra entry, with the reason',
});

export const CashOverdrawn = defineEvent<MovementFacts & { shortfall: number }>({
  name: 'cash_movement.overdrawn',
  version: 1,
  summary: 'somebody who counts blindly took out more cash than the drawer should have held',
  restricted: { permission: SEE_EXPECTED, fields: ['shortfall'] },
});
