/**
 * The public door of `warehouse`.
 *
 * @packageDocumentation
 */
export { warehouseAddon } from './warehouse.addon.js';
