/**
 * The public door of `auth`.
 *
 * @packageDocumentation
 */
export { TooManyAttempts } from './attempt/attempt.problems.js';
export { authAddon } from './auth.addon.js';
export { AuthModule } from './auth.module.js';
export { PersonNeeded, StepUpNeeded } from './identity/identity.problems.js';
export { IdentityService } from './identity/identity.service.js';
export type { Person, Proof } from './identity/identity.service.js';
