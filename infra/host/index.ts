/** What is wrong with this machine; `ofitec doctor` and the operator's command use it. */
export { hostCommand } from './command.js';
export { examineHost } from './examine.js';
export type { HostOptions } from './examine.js';
export type { HostFinding, HostSeverity } from './finding.js';
