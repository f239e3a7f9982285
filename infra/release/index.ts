/** What the operator's command takes of releases. */
export { releaseCommand } from './command.js';
