/**
 * The public door of `treasury`.
 *
 * @packageDocumentation
 */
export { FlowCancelled, FlowExpected, FlowSettled } from './flow/flow.events.js';
export { treasuryAddon } from './treasury.addon.js';
