/** Where a return stands. */
export const RETURN_STATES = [
  ...(['draft', 'computed', 'validated', 'exported', 'sent'] as const),
  ...(['filed', 'paid', 'payment_rejected', 'rectified'] as const),
] as const;

export type ReturnState = (typeof RETURN_STATES)[number];

/** What is done to a return, from which states, and where it stands then. */
export const STEPS = {
  /** Codes are worked out from the documents. */
  compute: {
    from: ['draft', 'computed', 'validated', 'exported', 'payment_rejected'],
    to: 'computed',
  },
  /** A person writes codes. */
  type: {
    from: ['draft', 'computed', 'validated', 'exported', 'payment_rejected'],
    to: 'computed',
  },
  validate: { from: ['computed'], to: 'validated' },
  /** Its files were taken to the SII's site. */
  export: { from: ['validated', 'exported'], to: 'exported' },
  /** A partner took it. */
  send: { from: ['validated', 'exported'], to: 'sent' },
  /** A partner refused it. */
  takeBack: { from: ['sent'], to: 'validated' },
  /** The SII took it: a folio and a date. */
  file: { from: ['exported', 'sent', 'payment_rejected'], to: 'filed' },
  pay: { from: ['filed'], to: 'paid' },
  /** The bank refused: for the SII the return is not filed. */
  rejectPayment: { from: ['filed'], to: 'payment_rejected' },
  rectify: { from: ['filed', 'paid'], to: 'rectified' },
} as const satisfies Record<string, { from: readonly ReturnState[]; to: ReturnState }>;

export type Step = keyof typeof STEPS;
