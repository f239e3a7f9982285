/** The parts of `ofitec release`, for tests that play proxies, gate and colours. */
export { PrometheusGate } from '../../infra/release/gate.js';
export { Nginx, ProxyRefused, Traefik } from '../../infra/release/proxy.js';
export type { Proxy, Shares } from '../../infra/release/proxy.js';
export { apply, canary, Refused, rollback, switchOver } from '../../infra/release/release.js';
export type { Desk } from '../../infra/release/release.js';
export { Memory } from '../../infra/release/standing.js';
export type { Standing } from '../../infra/release/standing.js';
