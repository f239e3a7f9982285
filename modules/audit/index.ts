/**
 * The public door of `audit`.
 *
 * @packageDocumentation
 */
export { auditAddon } from './audit.addon.js';
export { AuditModule } from './audit.module.js';
export { ChainService } from './chain/chain.service.js';
export { LOG_START, SettledEventsService } from './chain/settled-events.service.js';
export type { LoggedEvent, LogPlace, Stretch } from './chain/settled-events.service.js';
