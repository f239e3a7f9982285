/**
 * The public door of `payments`.
 *
 * @packageDocumentation
 */
export {
  CashSessionApproved,
  CashSessionClosed,
  CashSessionCloseRefused,
  CashSessionCounted,
  CashSessionEnded,
  CashSessionHighDifference,
  CashSessionOpened,
  CashSessionStaleOpen,
} from './cash-session/cash-session.events.js';
export { LedgerChecked, LedgerDrift } from './cash-session/ledger.events.js';
export { DailyCutMade } from './daily-cut/daily-cut.events.js';
export { CashMoved, CashOverdrawn, MovementUndone } from './entry/entry.events.js';
export { PaymentFiguresService } from './payment/payment-figures.service.js';
export type { CutSession, PaymentDay } from './payment/payment-figures.service.js';
export {
  PaymentCreated,
  PaymentEdited,
  PaymentRefunded,
  PaymentReversed,
  PaymentVoided,
} from './payment/payment.events.js';
export {
  PrepaidReceived,
  PrepaidRefunded,
  PrepaidRestored,
  PrepaidSpent,
  PrepaidVoided,
} from './prepaid/prepaid.events.js';
export { paymentsAddon } from './payments.addon.js';
export { PaymentsModule } from './payments.module.js';
