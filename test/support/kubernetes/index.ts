/** The manifests of Kubernetes, as a cluster would read them. */
export { manifestFaults } from './faults.js';
export type { Surroundings } from './faults.js';
export { readManifests, workloadsOf } from './manifest.js';
export type { Labels, Manifest } from './manifest.js';
export { mayPass } from './network.js';
export type { End } from './network.js';
