import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { Config, text, url } from '#kernel';
import type { EtcdOptions } from './etcd.js';
import { Fields } from './fields.js';
import { majority } from './rules.js';
import { addressType } from './wire/message.js';
import type { Family } from './wire/message.js';
import { readServer } from './wire/exchange.js';
import type { Server } from './wire/exchange.js';

/** What the environment says; the rest is in the file that it names, the same on every host. */
const failoverConfig = {
  FAILOVER_CONFIG: text({ summary: 'file that describes sites, observers and the name' }),
  FAILOVER_NAME: text({ summary: 'this observer or decider; the host name unless told' }),
  FAILOVER_AUDIT_FILE: text({ summary: 'file to which every change of DNS adds a line of JSON' }),
  FAILOVER_IP: text({ summary: 'address of the second site, if the file does not tell it' }),
  PROM_URL: url({ summary: 'this observer’s Prometheus', protocols: ['http:', 'https:'] }),
  CF_ZONE: text({ summary: 'zone at Cloudflare, by name or id' }),
  CF_RECORD: text({ summary: 'name at Cloudflare that moves' }),
  CF_TOKEN: text({ summary: 'token of Cloudflare that may edit this zone’s DNS', secret: true }),
};

/** A place that serves the name. */
export interface Site {
  readonly name: string;
  /** Its public addresses: one, or one of each family, IPv4 first. */
  readonly addresses: readonly string[];
  /** The readiness of its public entrance. */
  readonly readyUrl: string;
  /** The REST APIs of the site's Patroni members. */
  readonly patroniUrls: readonly string[];
}

/** A virtual address, and the VRRP agents of the hosts that may hold it. */
export interface VirtualAddress {
  readonly address: string;
  readonly agents: readonly string[];
}

type ProviderConfig =
  | { readonly kind: 'rfc2136'; readonly server: Server; readonly keyFile: string }
  | { readonly kind: 'route53'; readonly zoneId: string }
  | { readonly kind: 'cloudflare'; readonly zone: string; readonly token: string };

export interface Failover {
  /** This process. */
  readonly name: string;
  /** The name that moves, and the zone that it is in. */
  readonly record: string;
  readonly zone: string;
  /** Of the records that the name has, IPv4 first. */
  readonly families: readonly Family[];
  readonly ttlSeconds: number;
  /** The most wanted first. */
  readonly sites: readonly Site[];
  /** Shown by `status`; nothing is decided by them. */
  readonly addresses: readonly VirtualAddress[];
  readonly observers: readonly string[];
  readonly quorum: number;
  readonly etcd: EtcdOptions;
  readonly prefix: string;
  /** Empty: the servers that the zone itself names. */
  readonly authoritative: readonly Server[];
  readonly provider: ProviderConfig;
  readonly policy: Policy;
  readonly prometheusUrl: string | null;
  readonly auditFile: string | null;
}

/** When the name may move. */
interface Policy {
  readonly lookEveryMs: number;
  readonly lookTimeoutMs: number;
  /** Looks in a row. */
  readonly windows: number;
  readonly holdDownSeconds: number;
  readonly flipsPerHour: number;
  /** How long nobody else decides after a decider died. */
  readonly leaseSeconds: number;
  /** How long a change may take to show at every authoritative server. */
  readonly verifySeconds: number;
  /** The longest that a provider which fails is left alone. */
  readonly retryMaxSeconds: number;
  /** null: going back is done by hand. */
  readonly riseWindows: number | null;
}

/** Faults of the configuration, all at once. */
export class Misconfigured extends Error {
  constructor(readonly faults: readonly string[]) {
    super(['The failover is not configured:', ...faults.map((each) => `  · ${each}`)].join('\n'));
  }
}

/** Reads environment and file. @throws Misconfigured */
export function readFailover(env: Readonly<Record<string, string | undefined>>): Failover {
  const { config, faults } = Config.read([failoverConfig], env);
  const variables = config.of(failoverConfig);
  const path = variables.FAILOVER_CONFIG;
  if (!path || faults.length > 0) {
    const missing = path ? [] : ['FAILOVER_CONFIG names no file'];
    throw new Misconfigured([...faults, ...missing]);
  }
  const file = new Fields(parse(path), '');
  const sites = file.many('sites', 2).map((site, n) => readSite(site, n, variables.FAILOVER_IP));
  const observers = file.texts('observers');
  const policy = readPolicy(file.one('policy'));
  const result: Failover = {
    name: variables.FAILOVER_NAME ?? hostname(),
    record: (variables.CF_RECORD ?? file.text('record')).toLowerCase(),
    zone: file.text('zone', variables.CF_ZONE).toLowerCase(),
    families: (sites[0]?.addresses ?? []).map(addressType),
    ttlSeconds: file.integer('ttlSeconds', { min: 5, max: 60, fallback: 30 }),
    sites,
    addresses: readAddresses(file),
    observers,
    quorum: file.integer('quorum', {
      min: majority(observers.length),
      max: Math.max(1, observers.length),
      fallback: majority(observers.length),
    }),
    etcd: readEtcd(file.one('etcd'), policy),
    prefix: file.text('prefix', '/ofitec/failover'),
    authoritative: file.texts('authoritative', true).flatMap((each) => {
      const server = readServer(each);
      if (!server) file.fault('authoritative', `holds "${each}", which is no server`);
      return server ?? [];
    }),
    provider: readProvider(file.one('provider'), variables),
    policy,
    prometheusUrl: variables.PROM_URL ?? null,
    auditFile: variables.FAILOVER_AUDIT_FILE ?? null,
  };
  checkSites(file, sites);
  file.demandNothingElse();
  if (file.faults.length > 0) throw new Misconfigured(file.faults);
  return result;
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch (error) {
    throw new Misconfigured([`${path} cannot be read: ${(error as Error).message}`]);
  }
}

function readSite(site: Fields, n: number, second: string | undefined): Site {
  const address = site.text('address', n === 1 ? second : undefined);
  if (isIP(address) === 0) site.fault('address', `must be an address, not "${address}"`);
  const sixth = site.text('address6', 'none');
  if (sixth !== 'none' && (isIP(sixth) !== 6 || isIP(address) !== 4)) {
    site.fault('address6', 'must be an IPv6 address beside an IPv4 one');
  }
  const addresses = sixth === 'none' ? [address] : [address, sixth];
  const name = site.text('name');
  if (!/^[a-z0-9-]{1,40}$/.test(name)) site.fault('name', 'must be lower-case letters, digits, -');
  const urls = { readyUrl: site.url('readyUrl'), patroniUrls: site.urls('patroniUrls') };
  return { name, addresses, ...urls };
}

function readAddresses(file: Fields): VirtualAddress[] {
  return file.many('addresses', 0).map((each) => {
    const address = each.text('address');
    if (isIP(address) === 0) each.fault('address', `must be an address, not "${address}"`);
    return { address, agents: each.urls('agents') };
  });
}

function checkSites(file: Fields, sites: readonly Site[]): void {
  const demandOwn = (key: string, all: readonly string[]): void => {
    if (new Set(all).size !== all.length)
      file.fault('sites', `must each have a ${key} of their own`);
  };
  demandOwn('name', sites.map(({ name }) => name)); // prettier-ignore
  demandOwn('address', sites.flatMap(({ addresses }) => addresses)); // prettier-ignore
  if (new Set(sites.map(({ addresses }) => addresses.map(addressType).join(' '))).size > 1) {
    file.fault('sites', 'must all have IPv4 addresses, or all IPv6, or all of them both');
  }
}

function readEtcd(etcd: Fields, { leaseSeconds }: Policy): EtcdOptions {
  const endpoints = etcd.urls('endpoints');
  if (endpoints.length === 0) etcd.fault('endpoints', 'must name at least one member');
  const tls = {
    ...etcd.fileContent('caFile', 'ca'),
    ...etcd.fileContent('certFile', 'cert'),
    ...etcd.fileContent('keyFile', 'key'),
  };
  // All members can be asked before the lease ends.
  const timeoutMs = Math.round((leaseSeconds * 1_000) / (2 * Math.max(1, endpoints.length)));
  return { endpoints, timeoutMs: Math.min(2_000, timeoutMs), tls };
}

function readProvider(
  provider: Fields,
  env: { CF_ZONE?: string | undefined; CF_TOKEN?: string | undefined },
): ProviderConfig {
  const kind = provider.choice('kind', ['rfc2136', 'route53', 'cloudflare']);
  if (kind === 'route53') return { kind, zoneId: provider.text('zoneId') };
  if (kind === 'cloudflare') {
    if (!env.CF_TOKEN) provider.fault('kind', 'cloudflare needs CF_TOKEN or CF_TOKEN_FILE');
    if (!env.CF_ZONE) provider.fault('kind', 'cloudflare needs CF_ZONE');
    return { kind, zone: env.CF_ZONE ?? '', token: env.CF_TOKEN ?? '' };
  }
  const server = readServer(provider.text('server'));
  if (!server) provider.fault('server', 'must be a server, as 192.0.2.1:53');
  const keyFile = provider.text('keyFile');
  return { kind: 'rfc2136', server: server ?? { host: '', port: 53 }, keyFile };
}

function readPolicy(policy: Fields): Policy {
  const number = (name: string, min: number, max: number, fallback: number): number =>
    policy.integer(name, { min, max, fallback });
  const failback = policy.choice('failback', ['manual', 'automatic'], 'manual');
  const lookEveryMs = number('lookEveryMs', 200, 60_000, 2_000);
  const riseWindows = number('riseWindows', 1, 10_000, 150);
  return {
    lookEveryMs,
    lookTimeoutMs: number('lookTimeoutMs', 100, 30_000, 3_000),
    windows: number('windows', 1, 100, 5),
    holdDownSeconds: number('holdDownSeconds', 1, 86_400, 600),
    flipsPerHour: number('flipsPerHour', 1, 20, 2),
    leaseSeconds: number('leaseSeconds', 2, 60, 10),
    verifySeconds: number('verifySeconds', 1, 300, 60),
    retryMaxSeconds: number('retryMaxSeconds', 1, 300, 15),
    riseWindows: failback === 'automatic' ? riseWindows : null,
  };
}
