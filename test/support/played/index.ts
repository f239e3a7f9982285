export { PlayedEtcd } from './etcd.js';
export { PlayedNameServer } from './name-server.js';
export { PlayedPatroni } from './patroni.js';
export { PlayedPostgres } from './postgres.js';
export { PlayedProvider } from './provider.js';
