/**
 * The public door for an outside addon or a site project: the kernel, and the addons that ship
 * with OFITEC to depend on.
 *
 * @packageDocumentation
 */
export * from '#kernel';
export { shippedAddons } from './addons.js';
export { isolateCompanies, openDoor } from '../migrations/sql.js';
