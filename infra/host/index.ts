/** What is wrong with this machine; `ofitec doctor` and the operator's command use it. */
export { hostCommand } from './command.js';
export { hostCheck } from './doctor-check.js';
