/**
 * The public door of `operational-alerts`. Other addons do not need it: they declare alerts and
 * publish events.
 *
 * @packageDocumentation
 */
export { operationalAlertsAddon } from './operational-alerts.addon.js';
