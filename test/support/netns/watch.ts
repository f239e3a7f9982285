import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '../process.js';
import { until } from '../until.js';
import { METRICS_TOKEN, SITE_B, VIP } from './apps.js';
import type { ServerName } from './apps.js';
import { MEMBERS } from './cluster.js';
import type { Network } from './network.js';

/** One at each site, and a third one elsewhere; each has a Prometheus of its own on its host. */
export const OBSERVERS = ['ob1', 'ob2', 'ob3'] as const;
export type ObserverName = (typeof OBSERVERS)[number];
/** The servers of the observer's own site: these no other Prometheus reads. */
const SERVERS_OF: Readonly<Record<ObserverName, readonly ServerName[]>> = {
  ...{ ob1: ['app1', 'app2'], ob2: [SITE_B], ob3: [] },
};
/** Where an observer finds the Prometheus of its host. */
export const PROM_URL = 'http://127.0.0.1:9090';
/** What is watched here fits easily; three of them may not take what the databases need. */
const SMALL = { GOMAXPROCS: '1', GOMEMLIMIT: '96MiB' };

/** A real Prometheus and a real blackbox exporter for each observer, from the files of `infra/prometheus`. */
export class Watch {
  private readonly programs = new Map<ObserverName, Program>();

  private constructor(
    private readonly network: Network,
    private readonly lab: string,
  ) {}

  static async open(network: Network, lab: string): Promise<Watch> {
    const watch = new Watch(network, lab);
    for (const observer of OBSERVERS) {
      watch.install(observer);
      watch.startBlackbox(observer);
      watch.startPrometheus(observer);
    }
    await Promise.all(OBSERVERS.map(async (observer) => watch.ready(observer)));
    return watch;
  }

  prometheusOf(observer: ObserverName): Program {
    const program = this.programs.get(observer);
    if (!program) throw new Error(`The Prometheus of ${observer} was never started.`);
    return program;
  }

  /** After it was killed; it reads again what it wrote. */
  async restart(observer: ObserverName): Promise<void> {
    this.startPrometheus(observer);
    await this.ready(observer);
  }

  /** What an expression says now at one of them, by a label. */
  async query(
    observer: ObserverName,
    expression: string,
    label: string,
  ): Promise<Record<string, string>> {
    const said = await this.network.read(observer, 'curl', ['-sS', '--max-time', '3', '--get', '--data-urlencode', `query=${expression}`, `${PROM_URL}/api/v1/query`]); // prettier-ignore
    const { data } = JSON.parse(said) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return Object.fromEntries(data.result.map(({ metric, value }) => [metric[label], value[1]]));
  }

  /** Every process that it is told to read, by its address: 1 where it does. */
  async up(observer: ObserverName): Promise<Record<string, string>> {
    return this.query(observer, 'up{job=~"ofitec|ofitec-failover"}', 'instance');
  }

  /** Addresses of what it is told to read: the servers of its site, and the guards of all members. */
  targetsOf(observer: ObserverName): string[] {
    const at = (host: string, port: number): string => `${this.network.addressOf(host)}:${port}`;
    return [
      ...SERVERS_OF[observer].map((each) => at(each, 3_000)),
      ...MEMBERS.map((each) => at(each, 9_466)),
    ];
  }

  private install(observer: ObserverName): void {
    const folder = this.folderOf(observer);
    cpSync('infra/prometheus', folder, { recursive: true });
    writeFileSync(join(folder, 'metrics-token'), `${METRICS_TOKEN}\n`);
    const write = (name: string, groups: object): void =>
      writeFileSync(join(folder, `targets/${name}.yml`), JSON.stringify(groups));
    const guards = this.targetsOf(observer).filter((each) => each.endsWith(':9466'));
    const servers = this.targetsOf(observer).filter((each) => !guards.includes(each));
    write('ofitec', servers.length > 0 ? [{ targets: servers }] : []);
    write('failover', [{ targets: guards }]);
    const gate = (site: string, address: string): object => {
      const url = `http://${address}:3000/health/ready?nonce=gate`;
      return { targets: [url], labels: { site } };
    };
    write('gate', [gate('a', VIP), gate('b', this.network.addressOf(SITE_B))]);
  }

  private folderOf(observer: ObserverName): string {
    return join(this.lab, 'prometheus', observer);
  }

  private async ready(observer: ObserverName): Promise<void> {
    await until(`Prometheus of ${observer} is ready`, async () => {
      await this.network.read(observer, 'curl', ['-fsS', '--max-time', '2', `${PROM_URL}/-/ready`]);
      return true;
    });
  }

  private startBlackbox(observer: ObserverName): void {
    const words = [
      `--config.file=${join(this.folderOf(observer), 'blackbox.yml')}`,
      ...['--web.listen-address=127.0.0.1:9115', '--log.level=error'],
    ];
    this.network.start(observer, 'prometheus-blackbox-exporter', words, { env: SMALL });
  }

  private startPrometheus(observer: ObserverName): void {
    const folder = this.folderOf(observer);
    const words = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      ...['--web.listen-address=127.0.0.1:9090', '--log.level=warn'],
    ];
    this.programs.set(observer, this.network.start(observer, 'prometheus', words, { env: SMALL }));
  }
}
