/**
 * The public door of `sii-connector`.
 *
 * @packageDocumentation
 */
export { siiConnectorAddon } from './sii-connector.addon.js';
