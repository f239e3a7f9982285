import { defineEvent } from '#kernel';
import { SEE_EXPECTED } from './cash-session.settings.js';

/** What every event of a cash session carries. */
export interface CashSessionFacts {
  readonly cashSessionId: string;
  readonly branchId: string;
  readonly registerId: string;
  readonly cashierId: string;
  readonly businessDate: string;
}

export const CashSessionOpened = defineEvent<
  CashSessionFacts & { openingAmount: number; openingDifference: number | null }
>({
  name: 'cash_session.opened',
  version: 1,
  summary: 'a cashier opened a register with a float; the difference is to its last count',
  restricted: { permission: SEE_EXPECTED, fields: ['openingDifference'] },
});

export const CashSessionEnded = defineEvent<CashSessionFacts>({
  name: 'cash_session.ended',
  version: 1,
  summary: 'a cash session takes no more payments',
});

export const CashSessionCounted = defineEvent<CashSessionFacts & { countedAmount: number }>({
  name: 'cash_session.counted',
  version: 2,
  summary: 'the drawer of an ended session was counted, by a count or with a close',
});

export const CashSessionCloseRefused = defineEvent<
  CashSessionFacts & { countedAmount: number; difference: number; threshold: number }
>({
  name: 'cash_session.close_refused',
  version: 1,
  summary: 'a close was refused: nobody answers for the high difference of its count',
  restricted: { permission: SEE_EXPECTED, fields: ['difference'] },
});

export const CashSessionApproved = defineEvent<CashSessionFacts>({
  name: 'cash_session.approved',
  version: 1,
  summary: 'somebody other than the cashier answers for the difference of a count',
});

export const CashSessionHighDifference = defineEvent<
  CashSessionFacts & {
    difference: number;
    threshold: number;
    approvedBy: string;
    approverLogin: string;
  }
>({
  name: 'cash_session.high_difference',
  version: 1,
  summary: 'a session was closed with a cash difference above the threshold; who approved it',
  restricted: { permission: SEE_EXPECTED, fields: ['difference'] },
});

export const CashSessionStaleOpen = defineEvent<CashSessionFacts>({
  name: 'cash_session.stale_open',
  version: 1,
  summary: 'a session of an earlier business day is still not closed; told once a day',
});

export const CashSessionClosed = defineEvent<
  CashSessionFacts & { expectedAmount: number; countedAmount: number; difference: number }
>({
  name: 'cash_session.closed',
  version: 1,
  summary: 'the cash was counted; amounts in whole pesos',
  restricted: {
    permission: SEE_EXPECTED,
    fields: ['expectedAmount', 'difference', 'byMethod', 'prepaid'],
  },
});
