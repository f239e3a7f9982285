/**
 * The integrators' kit of `sii-connector`: the contract that every adapter must keep, as tests, and
 * a partner to try it out with. For development; the house itself does not load it.
 *
 * @packageDocumentation
 */
export { siiAdapterContract } from './contract.js';
export type { AdapterWorld, OtherEnd, Runner } from './contract.js';
export { houseDialect } from './dialect.js';
export type { PartnerAct, PartnerDialect, PartnerRequest, TakenReturn } from './dialect.js';
export { isPartnerFault, PARTNER_FAULTS } from './faults.js';
export type { PartnerFault } from './faults.js';
export { PartnerSimulator } from './simulator.js';
export type { SimulatorOptions, WebhookOverrides, WebhookTarget } from './simulator.js';
