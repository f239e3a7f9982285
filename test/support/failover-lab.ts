import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dig } from './dig.js';
import { freePort } from './listening.js';
import type { PlayedSite } from './played-site.js';
import { run } from './process.js';
import type { Ended, Program } from './process.js';
import { until } from './until.js';

const ZONE = 'example.test';
const LOOPBACK = '127.0.0.1';

/** Real etcd (three members) and real BIND (a primary and a secondary) on loopback. */
export class FailoverLab {
  readonly folder = mkdtempSync(join(tmpdir(), 'ofitec-failover-'));
  readonly key = { name: 'failover', secret: randomBytes(32).toString('base64') };
  private readonly programs: Program[] = [];
  private readonly digs = new Dig((words) => run('dig', words).end());
  etcd: { url: string; program: Program }[] = [];
  primaryPort = 0;
  secondaryPort = 0;
  private names = 0;

  static async open(): Promise<FailoverLab> {
    const lab = new FailoverLab();
    await Promise.all([lab.startEtcd(), lab.startBind()]);
    return lab;
  }

  /** etcd alone, each member on a host of its own. */
  static async openEtcd(hosts: readonly [string, string, string]): Promise<FailoverLab> {
    const lab = new FailoverLab();
    await lab.startEtcd(hosts);
    return lab;
  }

  /** A name of its own for a test, not set up yet. */
  newRecord(): string {
    this.names += 1;
    return `app-${this.names}.${ZONE}`;
  }

  get keyFile(): string {
    return join(this.folder, 'failover.key');
  }

  /** @param port where updates go; the primary itself unless told */
  config(record: string, sites: readonly PlayedSite[], port: number, policy: object = {}): object {
    return {
      record,
      zone: ZONE,
      prefix: `/ofitec/${record}`,
      observers: ['north', 'centre', 'south'],
      etcd: { endpoints: this.etcd.map(({ url }) => url) },
      authoritative: [this.primaryPort, this.secondaryPort].map((each) => `${LOOPBACK}:${each}`),
      provider: { kind: 'rfc2136', server: `${LOOPBACK}:${port}`, keyFile: this.keyFile },
      sites: sites.map(({ name, address, readyUrl, patroniUrl }) => {
        return { name, address, readyUrl, patroniUrls: [patroniUrl] };
      }),
      policy: {
        ...{ lookEveryMs: 300, lookTimeoutMs: 700, windows: 3, leaseSeconds: 3 },
        ...{ holdDownSeconds: 60, verifySeconds: 10, ...policy },
      },
    };
  }

  /** Runs a verb of the failover as its own process, without the house. */
  start(config: object, name: string, args: readonly string[], env: object = {}): Program {
    const file = join(this.folder, `${name}-${randomBytes(4).toString('hex')}.json`);
    writeFileSync(file, JSON.stringify(config));
    const program = run(process.execPath, ['dist/infra/failover/main.js', ...args], {
      env: {
        FAILOVER_CONFIG: file,
        FAILOVER_NAME: name,
        FAILOVER_AUDIT_FILE: this.auditFile(config),
        ...env,
      },
    });
    this.programs.push(program);
    return program;
  }

  async verb(config: object, args: readonly string[]): Promise<Ended> {
    return this.start(config, 'person', args).end();
  }

  observers(config: object): Program[] {
    return ['north', 'centre', 'south'].map((name) => this.start(config, name, ['observe']));
  }

  auditFile(config: object): string {
    return join(this.folder, `${(config as { record: string }).record}.audit`);
  }

  audit(config: object): { action: string; to: string; epoch: number; outcome: string }[] {
    const lines = readFileSync(this.auditFile(config), 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as { [K in 'action' | 'to' | 'outcome']: string } & { epoch: number }); // prettier-ignore
  }

  /** What etcd keeps under a key of this name's prefix, asked with Debian's etcdctl. */
  async etcdValue(config: object, key: string): Promise<string> {
    return this.etcdctl(['get', '--print-value-only', this.etcdKey(config, key)]);
  }

  async forget(config: object, key: string): Promise<void> {
    await this.etcdctl(['del', this.etcdKey(config, key)]);
  }

  private etcdKey(config: object, key: string): string {
    return `${(config as { prefix: string }).prefix}/${key}`;
  }

  /** What Debian's etcdctl says. @throws Error when it fails */
  async etcdctl(args: readonly string[]): Promise<string> {
    const endpoints = this.etcd.map(({ url }) => url).join(',');
    const { code, output } = await run('etcdctl', ['--endpoints', endpoints, ...args], {
      env: { ETCDCTL_API: '3' },
    }).end();
    if (code !== 0) throw new Error(output);
    return output;
  }

  /** What both name servers answer, asked with Debian's dig. */
  async answers(record: string): Promise<string[]> {
    const ports = [this.primaryPort, this.secondaryPort];
    return Promise.all(ports.map(async (port) => this.dig(port, record, 'A')));
  }

  async mark(record: string): Promise<string> {
    return this.dig(this.primaryPort, `_gate.${record}`, 'TXT');
  }

  /** What one server says, once it says it. */
  async dig(port: number, name: string, type: string): Promise<string> {
    return this.digs.ask(LOOPBACK, port, name, type);
  }

  async close(): Promise<void> {
    for (const program of this.programs) {
      if (!program.hasEnded) await program.end('SIGKILL');
    }
    // Also where all went well: what is rare is worth its line.
    process.stderr.write(this.digs.report());
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async startEtcd(
    hosts: readonly string[] = [LOOPBACK, LOOPBACK, LOOPBACK],
  ): Promise<void> {
    const members = await Promise.all(
      hosts.map(async (host, n) => {
        const [client, peer] = [await freePort(), await freePort()];
        const name = `member-${n}`;
        return { name, client: `http://${host}:${client}`, peer: `http://${host}:${peer}` };
      }),
    );
    const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
    this.etcd = members.map(({ name, client, peer }) => {
      const program = run('etcd', [
        ...['--name', name, '--data-dir', join(this.folder, `etcd-${name}`), '--pre-vote=true'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--initial-cluster', cluster, '--log-level', 'error', '--logger', 'zap'],
      ]);
      this.programs.push(program);
      return { url: client, program };
    });
    await until('etcd', async () => (await this.etcdctl(['endpoint', 'health'])) !== '');
  }

  private async startBind(): Promise<void> {
    [this.primaryPort, this.secondaryPort] = [await freePort(), await freePort()];
    const { name, secret } = this.key;
    const key = `key "${name}" { algorithm hmac-sha256; secret "${secret}"; };\n`;
    writeFileSync(this.keyFile, key);
    const soa = `@ IN SOA ns1 hostmaster 1 5 5 600 30\n@ IN NS ns1\nns1 IN A ${LOOPBACK}\n`;
    this.runBind(
      'primary',
      this.primaryPort,
      `${key}zone "${ZONE}" { type primary; file "zone.db"; notify explicit;
        also-notify { ${LOOPBACK} port ${this.secondaryPort}; };
        update-policy { grant ${name} zonesub A AAAA TXT; }; };`,
      `$TTL 30\n${soa}`,
    );
    this.runBind(
      'secondary',
      this.secondaryPort,
      `zone "${ZONE}" { type secondary; file "copy.db"; allow-notify { ${LOOPBACK}; };
        primaries { ${LOOPBACK} port ${this.primaryPort}; }; };`,
    );
    for (const port of [this.primaryPort, this.secondaryPort]) {
      await until('BIND', async () => (await this.dig(port, `ns1.${ZONE}`, 'A')) === LOOPBACK);
    }
  }

  private runBind(name: string, port: number, zone: string, content?: string): void {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    if (content) writeFileSync(join(folder, 'zone.db'), content);
    const options = `options { directory "${folder}"; pid-file none; session-keyfile none;
      listen-on port ${port} { ${LOOPBACK}; }; listen-on-v6 { none; }; recursion no; notify-delay 0;
      allow-transfer { ${LOOPBACK}; }; dnssec-validation no; request-ixfr yes; };\ncontrols { };\n`;
    writeFileSync(join(folder, 'named.conf'), `${options}${zone}\n`);
    this.programs.push(run('named', ['-g', '-n', '1', '-c', join(folder, 'named.conf')]));
  }
}
