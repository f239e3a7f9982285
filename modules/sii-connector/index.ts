/**
 * The public door of `sii-connector`.
 *
 * @packageDocumentation
 */
export type { AdapterReturn } from './connector/adapter-return.js';
export type { PartnerMapping } from './connector/mapping.js';
export { SiiAdapters } from './connector/adapters.service.js';
export { CAPABILITIES, NotTaken, OUTCOMES, SiiAdapter } from './connector/sii-adapter.js';
export type {
  AdapterTarget,
  Capability,
  Outcome,
  OutcomeState,
  WebhookSubject,
} from './connector/sii-adapter.js';
export type { F29Return } from './f29/return.entity.js';
export {
  F29Exported,
  F29Filed,
  F29Paid,
  F29PaymentRejected,
  F29Rectified,
  F29Reopened,
  F29Sent,
} from './f29/return.events.js';
export type { ReturnFacts } from './f29/return.events.js';
export { ReturnService } from './f29/return.service.js';
export { SiiConnectorModule } from './sii-connector.module.js';
export { siiConnectorAddon } from './sii-connector.addon.js';
