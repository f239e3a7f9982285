/** What the operator's command takes of the failover. */
export { failoverCommand } from './dns/command.js';
export { failoverCheck } from './doctor-check.js';
