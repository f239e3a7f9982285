import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './process.js';
import type { Ended, Program } from './process.js';

const ZONE = 'example.test';
const LOOPBACK = '127.0.0.1';

/** What a site's entrance does. `dead` takes no connections. */
export type Mode = 'ready' | 'broken' | 'slow' | 'impostor' | 'dead';

/** A site's public entrance and, beside it, the REST API of its database's Patroni; both played. */
export class PlayedSite {
  mode: Mode = 'ready';
  primary = true;
  private readonly servers = new Set<HttpServer>();
  private entrance: HttpServer | null = null;

  private constructor(
    readonly name: string,
    readonly address: string,
    private port: number,
    private readonly patroni: HttpServer,
  ) {}

  static async open(name: string, address: string): Promise<PlayedSite> {
    const patroni = createHttp((request, response) => {
      if (request.url === '/primary') return response.writeHead(site.primary ? 200 : 503).end();
      const role = site.primary ? 'leader' : 'sync_standby';
      const member = { name: `pg-${name}`, role, state: 'running', timeline: 3, lag: 0 };
      return response.end(JSON.stringify({ members: [member] }));
    });
    const site = new PlayedSite(name, address, 0, patroni);
    await listen(patroni, address, 0);
    site.servers.add(patroni);
    await site.set('ready');
    return site;
  }

  get readyUrl(): string {
    return `http://${this.address}:${this.port}/health/ready`;
  }

  get patroniUrl(): string {
    return `http://${this.address}:${(this.patroni.address() as AddressInfo).port}`;
  }

  async set(mode: Mode): Promise<void> {
    this.mode = mode;
    if (mode === 'dead') {
      await close(this.entrance);
      this.entrance = null;
    } else if (!this.entrance) {
      this.entrance = createHttp((request, response) => {
        const url = new URL(request.url ?? '', this.readyUrl);
        const nonce = this.mode === 'impostor' ? 'kept' : url.searchParams.get('nonce');
        if (this.mode === 'slow') return;
        const status = this.mode === 'broken' ? 503 : 200;
        response.writeHead(status).end(JSON.stringify({ status: 'ok', nonce }));
      });
      await listen(this.entrance, this.address, this.port);
      this.port = (this.entrance.address() as AddressInfo).port;
    }
  }

  async close(): Promise<void> {
    for (const each of [...this.servers, this.entrance]) await close(each);
  }
}

/** Stands before the name server and can keep an update back, as a network may. */
export class Delay {
  /** The result codes of the answers that passed, as numbers. */
  readonly rcodes: number[] = [];
  private holding = false;
  private readonly held: { message: Buffer; client: Socket }[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  static async open(target: number): Promise<Delay> {
    const server = createServer((client) => delay.take(client));
    const delay = new Delay(server, target);
    await listen(server, LOOPBACK, 0);
    return delay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  hold(): void {
    this.holding = true;
  }

  /** Lets later updates through; those that are held stay held. */
  pass(): void {
    this.holding = false;
  }

  async untilHeld(timeoutMs = 20_000): Promise<void> {
    const until = Date.now() + timeoutMs;
    while (this.held.length === 0) {
      if (Date.now() > until) throw new Error('No update came.');
      await sleep(20);
    }
  }

  /** Delivers what was held. @returns the name server's result codes */
  async release(): Promise<number[]> {
    const all = this.held.splice(0);
    return Promise.all(all.map(async ({ message }) => this.forward(message, null)));
  }

  async close(): Promise<void> {
    for (const { client } of this.held) client.destroy();
    await close(this.server);
  }

  private take(client: Socket): void {
    let got: Buffer = Buffer.alloc(0);
    client.on('error', () => client.destroy());
    client.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      const isUpdate = ((got.readUInt8(4) >> 3) & 0xf) === 5;
      if (isUpdate && this.holding) this.held.push({ message: got, client });
      else void this.forward(got, client).catch(() => client.destroy());
    });
  }

  private async forward(message: Buffer, client: Socket | null): Promise<number> {
    return new Promise((resolve, reject) => {
      let got: Buffer = Buffer.alloc(0);
      const upstream = connect(this.target, LOOPBACK, () => upstream.write(message));
      upstream.once('error', reject);
      upstream.on('data', (chunk: Buffer) => {
        got = Buffer.concat([got, chunk]);
        if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
        const rcode = got.readUInt8(5) & 0xf;
        this.rcodes.push(rcode);
        client?.end(got);
        upstream.destroy();
        resolve(rcode);
      });
    });
  }
}

/** Real etcd (three members) and real BIND (a primary and a secondary) on loopback. */
export class FailoverLab {
  readonly folder = mkdtempSync(join(tmpdir(), 'ofitec-failover-'));
  readonly key = { name: 'failover', secret: randomBytes(32).toString('base64') };
  private readonly programs: Program[] = [];
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

  /**
   * What one server says, until it says it: a server that is not heard in time, or that has no zone yet or takes it
   * in just now (SERVFAIL, REFUSED), is asked again. "There is no such record" is an answer.
   */
  async dig(port: number, name: string, type: string): Promise<string> {
    const flags = ['+noall', '+comments', '+answer', '+norecurse', '+tcp', '+tries=1', '+time=5'];
    const words = [`@${LOOPBACK}`, '-p', `${port}`, ...flags, name, type];
    let said = '';
    await until(`${name} ${type} at ${port}`, async () => {
      const { output } = await run('dig', words).end();
      if (!/status: (NOERROR|NXDOMAIN),/.test(output)) throw new Error(output.trim());
      const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
      // Name, time to live, class, type, and what it says.
      said = lines.map((line) => line.split(/\s+/).slice(4).join(' ')).join('\n');
      return true;
    }, 60_000); // prettier-ignore
    return said;
  }

  async close(): Promise<void> {
    for (const program of this.programs) {
      if (!program.hasEnded) await program.end('SIGKILL');
    }
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

/** More than this between two looks is not waiting: the whole machine, or this process, stood still. */
const LONGEST_LOOK_MS = 5_000;

/** Waits for something to be so. @throws Error that names it, after the time that this process was awake */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<number> {
  const started = Date.now();
  let awakeMs = 0;
  for (;;) {
    const began = Date.now();
    let last: unknown = 'it was not so';
    try {
      if (await isSo()) return Date.now() - started;
    } catch (error) {
      last = error;
    }
    if (awakeMs > timeoutMs) {
      throw new Error(`Waited in vain: ${what}: ${String(last)}`, { cause: last });
    }
    await sleep(100);
    awakeMs += Math.min(Date.now() - began, LONGEST_LOOK_MS);
  }
}

async function listen(server: Server | HttpServer, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

async function close(server: Server | HttpServer | null): Promise<void> {
  if (!server?.listening) return;
  if ('closeAllConnections' in server) server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await listen(probe, LOOPBACK, 0);
  const { port } = probe.address() as AddressInfo;
  await close(probe);
  return port;
}
