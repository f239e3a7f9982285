import { defineEvent } from '#kernel';

/**
 * What every event of a prepaid balance carries; amount in whole pesos by which the balance moved,
 * negative when they left it.
 */
export interface PrepaidFacts {
  readonly entryId: string;
  readonly customerId: string;
  readonly cashSessionId: string;
  readonly branchId: string;
  readonly amount: number;
}

/** Money that changed hands. */
interface Money {
  readonly method: string;
}

/** The payment that spent it, or that put it back. */
interface Spending {
  readonly paymentId: string;
  readonly orderId: string;
}

export const PrepaidReceived = defineEvent<PrepaidFacts & Money>({
  name: 'prepaid.received',
  version: 1,
  summary: 'a customer paid ahead; money came in and nothing was sold yet',
});

export const PrepaidVoided = defineEvent<PrepaidFacts & Money & { reversesId: string }>({
  name: 'prepaid.voided',
  version: 1,
  summary: 'a prepayment was a mistake and was taken back, with the reason',
});

export const PrepaidRefunded = defineEvent<PrepaidFacts & Money & { reversesId: string }>({
  name: 'prepaid.refunded',
  version: 1,
  summary: 'money of a prepayment was paid out to the customer, with the reason',
});

export const PrepaidSpent = defineEvent<PrepaidFacts & Spending>({
  name: 'prepaid.spent',
  version: 1,
  summary: 'an order was paid out of a prepaid balance; no money came in',
});

export const PrepaidRestored = defineEvent<PrepaidFacts & Spending & { reversesId: string }>({
  name: 'prepaid.restored',
  version: 1,
  summary: 'what a voided or refunded payment had spent is in the balance again',
});
