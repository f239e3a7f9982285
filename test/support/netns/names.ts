import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { COMPILED } from '../process.js';
import type { Ended, Program } from '../process.js';
import { until } from '../until.js';
import { SHOP, SITE_B, VIP } from './apps.js';
import { Bind, SERVERS, UPDATE_PORT, ZONE } from './bind.js';
import type { Clocks } from './clocks.js';
import { MEMBERS } from './cluster.js';
import type { Network } from './network.js';
import { OBSERVERS, PROM_URL } from './watch.js';
import type { ObserverName } from './watch.js';

export const DECIDERS = ['de1', 'de2'] as const;
export type DeciderName = (typeof DECIDERS)[number];
const PREFIX = '/ofitec/failover';
/** How often the observers look, and how many looks in a row count: what is shipped. */
const POLICY = {
  ...{ lookTimeoutMs: 1_500, leaseSeconds: 6, verifySeconds: 15 },
  // Faults follow each other within a minute here; how these two hold is `failover-dns.test.ts`'s.
  ...{ holdDownSeconds: 2, flipsPerHour: 20 },
};

interface Change {
  readonly at: string;
  readonly action: string;
  readonly to: string;
  readonly epoch: number;
  readonly outcome: string;
}

interface Status {
  readonly active: string | null;
  readonly decider: string | null;
  readonly sites: readonly {
    readonly site: string;
    readonly verdict: string;
    readonly votes: Readonly<Record<string, number>> | null;
  }[];
}

/**
 * The name of the shop: it leads to site A, whose entrance is the virtual address, or to site B, a host of OFITEC
 * elsewhere. Observers, deciders and a person's commands are the shipped programs, over the database's own etcd.
 */
export class Names {
  private readonly programs = new Map<string, Program>();

  private constructor(
    private readonly network: Network,
    private readonly folder: string,
    private readonly clocks: Clocks,
    readonly bind: Bind,
  ) {}

  /** The name servers, and the name set up; nobody watches it yet. */
  static async open(network: Network, folder: string, clocks: Clocks): Promise<Names> {
    const names = new Names(network, folder, clocks, await Bind.open(network, folder));
    writeFileSync(names.configFile, JSON.stringify(names.config()));
    return names;
  }

  startObserver(name: ObserverName): void {
    this.programs.set(name, this.run(name, ['observe'], { PROM_URL, ...this.clocks.env(name) }));
  }

  startDecider(name: DeciderName): void {
    this.programs.set(name, this.run(name, ['decide'], this.clocks.env(name)));
  }

  programOf(name: string): Program {
    const program = this.programs.get(name);
    if (!program) throw new Error(`${name} was never started.`);
    return program;
  }

  /** Runs a verb as a person does, from the clients' host. */
  async verb(...args: readonly string[]): Promise<Ended> {
    return this.run('client', args, {}).end();
  }

  async status(): Promise<Status> {
    const { code, output } = await this.verb('status', '--json');
    if (code !== 0) throw new Error(output);
    return JSON.parse(output) as Status;
  }

  /** Waits until every observer finds both sites well, and one decider has published its epoch. @returns the decider */
  async settled(): Promise<DeciderName> {
    let leader: string | null = null;
    await until('the watch of the name is content', async () => {
      const { active, decider, sites } = await this.status();
      leader = decider;
      const isSo =
        active !== null &&
        sites.length === 2 &&
        sites.every(({ verdict }) => verdict === 'HEALTHY') &&
        (await this.etcdKeys('hold-down')) === '';
      return isSo || Promise.reject(new Error(JSON.stringify({ active, decider, sites })));
    }, 90_000); // prettier-ignore
    return DECIDERS.find((each) => each === leader) ?? 'de1';
  }

  /** Waits until each of these observers says something of a site. */
  async allSay(observers: readonly ObserverName[], site: string, what: RegExp): Promise<void> {
    await until(`${observers.join(', ')} say ${String(what)} of ${site}`, async () => {
      const said = await Promise.all(observers.map(async (each) => this.observation(each, site)));
      return said.every((each) => what.test(each)) || Promise.reject(new Error(said.join('\n')));
    }, 60_000); // prettier-ignore
  }

  /** What an observer last said, as etcd holds it; empty when that has run out. */
  async observation(observer: string, site: string): Promise<string> {
    return this.etcdValue(`observations/${observer}/${site}`);
  }

  /** What both name servers answer, without double. */
  async sites(): Promise<string[]> {
    const answers = await Promise.all(SERVERS.map(async (each) => this.bind.dig(each, SHOP, 'A')));
    const names = { [VIP]: 'a', [this.network.addressOf(SITE_B)]: 'b' };
    return [...new Set(answers.map((each) => names[each] ?? each))];
  }

  async leadsTo(site: string): Promise<boolean> {
    return (await this.sites()).join() === site;
  }

  /** Every change or attempt, by deciders and persons. */
  changes(): Change[] {
    return [...DECIDERS, 'client'].flatMap((each) => {
      const file = this.auditFile(each);
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Change);
    });
  }

  /** How often a decider has moved the name so far. */
  flips(): number {
    return this.changes().filter((each) => each.action === 'flip' && each.outcome === 'written')
      .length;
  }

  /** Goes back, as a person does who has repaired a site. */
  async moveBack(): Promise<void> {
    await until('the name goes back', async () => {
      const { code, output } = await this.verb('act', '--to', 'a', '--reason', 'repaired');
      return code === 0 || Promise.reject(new Error(output));
    }, 60_000); // prettier-ignore
    await until('both name servers say so', async () => this.leadsTo('a'));
  }

  async etcdValue(key: string): Promise<string> {
    return this.etcdctl(['get', '--print-value-only', `${PREFIX}/${key}`]);
  }

  /** What observers, deciders and name servers have said. */
  logs(): ReadonlyMap<string, string> {
    const servers = SERVERS.map((each) => [each, this.bind.programOf(each).output] as const);
    return new Map([...[...this.programs].map(([name, { output }]) => [name, output] as const), ...servers]); // prettier-ignore
  }

  private async etcdKeys(key: string): Promise<string> {
    return this.etcdctl(['get', '--keys-only', `${PREFIX}/${key}`]);
  }

  private async etcdctl(args: readonly string[]): Promise<string> {
    const endpoints = MEMBERS.map((member) => `${this.network.addressOf(member)}:2379`).join(',');
    const words = ['--endpoints', endpoints, '--command-timeout=3s', '--dial-timeout=1s', ...args];
    return this.network.read('client', 'etcdctl', words, { env: { ETCDCTL_API: '3' } });
  }

  private run(host: string, args: readonly string[], env: Record<string, string>): Program {
    const words = [resolve('dist/infra/failover/main.js'), ...args];
    return this.network.start(host, process.execPath, words, {
      env: {
        ...COMPILED,
        ...{ FAILOVER_CONFIG: this.configFile, FAILOVER_NAME: host },
        ...{ FAILOVER_AUDIT_FILE: this.auditFile(host), ...env },
      },
    });
  }

  private get configFile(): string {
    return join(this.folder, 'failover.json');
  }

  private auditFile(host: string): string {
    return join(this.folder, `${host}.audit`);
  }

  private config(): object {
    const at = (host: string): string => this.network.addressOf(host);
    const site = (name: string, address: string): object => {
      // The database stands in three places, at none of the sites alone: readiness writes and commits.
      return { name, address, readyUrl: `http://${address}:3000/health/ready`, patroniUrls: [] };
    };
    return {
      ...{ record: SHOP, zone: ZONE, prefix: PREFIX, ttlSeconds: 5, observers: OBSERVERS },
      etcd: { endpoints: MEMBERS.map((member) => `http://${at(member)}:2379`) },
      authoritative: SERVERS.map((each) => `${at(each)}:53`),
      provider: {
        ...{ kind: 'rfc2136', server: `${at('ns1')}:${UPDATE_PORT}` },
        keyFile: this.bind.keyFile,
      },
      sites: [site('a', VIP), site('b', at(SITE_B))],
      policy: POLICY,
    };
  }
}
