/** What the operator's command takes of releases. */
export { releaseCommand } from './command.js';
export type { CheckMigrations } from './command.js';
