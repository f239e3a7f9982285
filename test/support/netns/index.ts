/** Hosts, networks and faults for tests of the failover. */
export { Apps, SERVERS, SITE_B, VIP } from './apps.js';
export { Books } from './books.js';
export { Cluster, MEMBERS } from './cluster.js';
export type { MemberName } from './cluster.js';
export { Evidence, MEASURED, PLAN, recoveryTable, tableOf } from './evidence.js';
export { FAULTS } from './faults.js';
export { HaLab } from './lab.js';
export { Network } from './network.js';
export { follow, followAt } from './playbook.js';
export { OBSERVERS } from './watch.js';
