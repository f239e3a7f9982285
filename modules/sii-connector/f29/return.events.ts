import { defineEvent } from '#kernel';

/** What every event of a return tells. */
export interface ReturnFacts {
  readonly returnId: string;
  readonly period: string;
  readonly revision: number;
  /** Whole pesos to be paid. */
  readonly amount: number;
  /** The last day to file and pay, `YYYY-MM-DD`. */
  readonly dueDate: string | null;
}

const told = (name: string, summary: string): ReturnType<typeof defineEvent<ReturnFacts>> =>
  defineEvent<ReturnFacts>({ name, version: 1, summary });

export const F29Opened = told('tax_return.opened', 'a return was begun');
export const F29Computed = told('tax_return.computed', 'a return’s codes were worked out');
export const F29Typed = told(
  'tax_return.typed',
  'codes of a return were typed, or taken from a proposal',
);
export const F29ProposalBrought = told(
  'tax_return.proposal_brought',
  'the SII’s own proposal was brought beside a return',
);
export const F29Acknowledged = told(
  'tax_return.acknowledged',
  'warnings of a return were answered for',
);
export const F29Validated = told(
  'tax_return.validated',
  'a return was approved, its warnings answered for',
);
export const F29Exported = told(
  'tax_return.exported',
  'a return’s files were taken to the SII’s site',
);
export const F29Sent = told('tax_return.sent', 'a return was given to a partner');
export const F29Reopened = told(
  'tax_return.reopened',
  'a return that was exported is being worked on again: its payment is not to be expected',
);
export const F29Filed = told('tax_return.filed', 'the SII took a return');
export const F29PaymentRejected = told(
  'tax_return.payment_rejected',
  'the payment of a return was refused: for the SII it is not filed',
);
export const F29Rectified = told('tax_return.rectified', 'a return was replaced by a later one');

export const F29Paid = defineEvent<
  ReturnFacts & { readonly paidOn: string; readonly paidAmount: number }
>({ name: 'tax_return.paid', version: 1, summary: 'a return was paid; whole pesos' });
