import { defineEvent } from '#kernel';

/** What every event of a payment carries; amount in whole pesos, negative when money goes back. */
export interface PaymentFacts {
  readonly paymentId: string;
  readonly orderId: string;
  readonly cashSessionId: string;
  readonly branchId: string;
  readonly method: string;
  readonly amount: number;
}

/** The charge that a row takes back. */
interface Reversal {
  readonly reversesId: string;
}

export const PaymentCreated = defineEvent<PaymentFacts>({
  name: 'payment.created',
  version: 1,
  summary: 'money was applied to an order',
});

export const PaymentEdited = defineEvent<
  PaymentFacts & {
    replacesId: string;
    /** The row that took the first charge back; absent in version 1. */
    voidId?: string;
  }
>({
  name: 'payment.edited',
  version: 2,
  summary: 'a charge was voided and another stands in its place, while its session was open',
});

export const PaymentVoided = defineEvent<PaymentFacts & Reversal>({
  name: 'payment.voided',
  version: 1,
  summary: 'a charge was taken back in its own session, with the reason',
});

export const PaymentReversed = defineEvent<PaymentFacts & Reversal>({
  name: 'payment.reversed',
  version: 1,
  summary: 'a charge of a session that had ended was taken back by a contra entry in another',
});

export const PaymentRefunded = defineEvent<PaymentFacts & Reversal>({
  name: 'payment.refunded',
  version: 1,
  summary: 'money of a charge was given back to the customer, with the reason',
});
