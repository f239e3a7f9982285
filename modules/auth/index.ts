/**
 * The public door of `auth`.
 *
 * @packageDocumentation
 */
export { authAddon } from './auth.addon.js';
