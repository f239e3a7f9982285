/** Hosts, networks and faults for tests of the failover. */
export { Apps, VIP } from './apps.js';
export { Books } from './books.js';
export { Cluster, MEMBERS } from './cluster.js';
export type { MemberName } from './cluster.js';
export { Evidence } from './evidence.js';
export { FAULTS } from './faults.js';
export { HaLab } from './lab.js';
export { Network } from './network.js';
export { follow, followAt } from './playbook.js';
