/**
 * The public door of `auth`.
 *
 * @packageDocumentation
 */
export { authAddon } from './auth.addon.js';
export { AuthModule } from './auth.module.js';
export { IdentityService } from './identity/identity.service.js';
export type { Person } from './identity/identity.service.js';
