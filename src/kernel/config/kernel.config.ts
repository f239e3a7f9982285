import { deflateRawSync } from 'node:zlib';
import { VERSION } from '../version.js';
import { choice, integer, list, networks, rate, releaseName, text, url } from './variables.js';
import type { ConfigValues } from './variables.js';
import { watchConfig, watchFaults } from './watch.config.js';

/** What the kernel itself reads from the environment. */
export const kernelConfig = {
  NODE_ENV: choice({
    summary: 'production refuses whatever is only fit for trying out',
    options: ['development', 'test', 'production'],
    fallback: 'development',
  }),
  PORT: integer({ summary: 'HTTP port; 0 takes a free one', fallback: 3000, min: 0, max: 65535 }),
  HOST: text({ summary: 'HTTP address to listen on; default 127.0.0.1, in production 0.0.0.0' }),
  OFITEC_HOME: text({ summary: 'folder of the embedded database; default .ofitec' }),
  OFITEC_RELEASE: releaseName({
    summary: 'name of the release that this process runs; default the version of the code',
    fallback: VERSION,
  }),
  DOCTOR_CERTIFICATES: list({
    summary: 'PEM files of certificates whose end `ofitec doctor` watches, by commas',
  }),
  DOCTOR_READY_URL: text({
    summary:
      'readiness of the server that `ofitec doctor` asks, such as http://127.0.0.1:3000/health/ready',
  }),
  OFITEC_ADDONS: list({ summary: 'npm packages or files of further addons, by commas' }),
  OFITEC_DEMO_PASSWORD: text({ summary: 'password of the demo users', secret: true }),
  DATABASE_URL: text({
    summary: 'PostgreSQL as the application role; several servers by commas; unset: embedded',
    secret: true,
  }),
  DATABASE_OWNER_URL: text({ summary: 'PostgreSQL as the owner, for migrations', secret: true }),
  DATABASE_POOL_SIZE: integer({
    // Of 16 that take turns on two cores, each finds less of its own in the processor's caches: a payment
    // cost PostgreSQL a fifth more.
    summary: 'connections of one process',
    fallback: 10,
    min: 2,
    max: 200,
  }),
  DATABASE_CONNECTION_LIFE_SECONDS: integer({
    summary:
      'seconds after which a connection is replaced; rotated credentials are waited for so long',
    fallback: 1_800,
    min: 1,
    max: 86_400,
  }),
  SECRET_KEY: text({
    summary: '50 or more random characters; production demands it',
    secret: true,
  }),
  SECRET_KEY_FALLBACKS: text({
    summary: 'earlier values of SECRET_KEY, by commas: what they sealed can still be opened',
    secret: true,
  }),
  ALLOWED_HOSTS: list({ summary: 'host names that requests may name; production demands it' }),
  TRUSTED_ORIGINS: list({ summary: 'further origins that may send the session cookie' }),
  TRUSTED_PROXIES: networks({
    summary: 'addresses or networks whose X-Forwarded-* is believed; nobody by default',
  }),
  API_THROTTLE_ANON_IP_RATE: rate({
    summary: 'requests of one address (IPv6: one /64) that prove nobody',
    fallback: 600,
  }),
  API_THROTTLE_USER_RATE: rate({ summary: 'requests of one user', fallback: 6000 }),
  API_THROTTLE_SENSITIVE_USER_RATE: rate({
    summary: 'requests of one user to credentials, roles and exports',
    fallback: 30,
  }),
  REDIS_URL: url({
    summary: 'Redis in which all processes count together; unset: each counts for itself',
    protocols: ['redis:', 'rediss:'],
  }),
  LOG_LEVEL: choice({
    summary: 'least level that is logged',
    options: ['debug', 'info', 'warn', 'error'],
    fallback: 'info',
  }),
  OFITEC_WORKER: choice({
    summary: 'whether the HTTP process also runs deliveries and schedules',
    options: ['inline', 'separate'],
    fallback: 'inline',
  }),
  ...watchConfig,
} as const;

export type KernelConfig = ConfigValues<typeof kernelConfig>;

/**
 * What production refuses, each as a line for the operator. The rules guard against a
 * development set-up that reaches the street: embedded database, guessable key, any host.
 */
export function productionFaults(config: KernelConfig): string[] {
  if (config.NODE_ENV !== 'production') return [];
  const faults = watchFaults(config);
  if (!config.DATABASE_URL) {
    faults.push('DATABASE_URL is unset: production does not run on the embedded database');
  }
  if (config.OFITEC_DEMO_PASSWORD) {
    faults.push('OFITEC_DEMO_PASSWORD is set: production has no demo data');
  }
  if (!config.SECRET_KEY) {
    faults.push('SECRET_KEY is missing: set 50 or more random characters');
  } else if (isWeakKey(config.SECRET_KEY)) {
    faults.push('SECRET_KEY is weak: set 50 or more random characters');
  }
  if (config.ALLOWED_HOSTS.length === 0) {
    faults.push('ALLOWED_HOSTS is unset: name the hosts that this installation answers to');
  }
  return faults;
}

/** Too short, a placeholder somebody forgot, or so regular that it compresses to little. */
function isWeakKey(key: string): boolean {
  return (
    key.length < 50 ||
    /insecure|change.?me|secret|password|example/i.test(key) ||
    deflateRawSync(key).length < 35
  );
}
