/**
 * The public door of `security-csp`.
 *
 * @packageDocumentation
 */
export { securityCspAddon } from './security-csp.addon.js';
