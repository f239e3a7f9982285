/**
 * The public door of `audit`.
 *
 * @packageDocumentation
 */
export { auditAddon } from './audit.addon.js';
