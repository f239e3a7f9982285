/** What the operator's command takes of the secrets. */
export { secretsCommand } from './command.js';
