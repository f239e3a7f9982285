/** What the operator's command takes of the backups. */
export { backupCommand } from './command.js';
