/**
 * The part of the kernel that needs neither NestJS nor TypeORM: for programs beside the house that
 * start often. Whatever may wait a second takes `index.ts`.
 */
export { Config } from './config/config.js';
export { choice, integer, text } from './config/variables.js';
export type { ConfigValues } from './config/variables.js';
export { clientTo } from './database/servers.js';
export { ProcessLock } from './files/process-lock.js';
export { begunOf, isGone, ownMark } from './files/process-mark.js';
export type { ProcessMark } from './files/process-mark.js';
export { syncFolder } from './files/whole-file.js';
