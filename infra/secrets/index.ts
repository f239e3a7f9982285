/** What the operator's command takes of the secrets. */
export { secretsCommand } from './command.js';
export { secretsCheck } from './doctor/check.js';
