/**
 * The public door of `payments`.
 *
 * @packageDocumentation
 */
export {
  CashSessionClosed,
  CashSessionEnded,
  CashSessionOpened,
} from './cash-session/cash-session.events.js';
export { DailyCutMade } from './daily-cut/daily-cut.events.js';
export { PaymentCreated } from './payment/payment.events.js';
export { paymentsAddon } from './payments.addon.js';
