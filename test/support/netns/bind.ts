import { mkdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Dig } from '../dig.js';
import type { Program } from '../process.js';
import { until } from '../until.js';
import type { Network } from './network.js';

export const ZONE = 'example.test';
export const SERVERS = ['ns1', 'ns2'] as const;
/** Where the primary takes updates, apart from questions, so that a fault can tell them apart. */
export const UPDATE_PORT = 5300;

/** The zone's two name servers on hosts of their own: real BIND, a primary that takes signed updates, a secondary. */
export class Bind {
  private readonly programs = new Map<string, Program>();
  private readonly digs: Dig;
  private readonly secret = randomBytes(32).toString('base64');

  private constructor(
    private readonly network: Network,
    private readonly folder: string,
  ) {
    this.digs = new Dig((words) => network.tell('client', 'dig', words));
  }

  static async open(network: Network, folder: string): Promise<Bind> {
    const bind = new Bind(network, join(folder, 'bind'));
    const [ns1, ns2] = SERVERS.map((each) => network.addressOf(each));
    mkdirSync(bind.folder);
    writeFileSync(bind.keyFile, bind.key, { mode: 0o600 });
    for (const server of SERVERS) mkdirSync(join(bind.folder, server));
    writeFileSync(
      join(bind.folder, 'ns1', 'zone.db'),
      `$TTL 5\n@ IN SOA ns1 hostmaster 1 5 5 600 5\n@ IN NS ns1\n@ IN NS ns2\nns1 IN A ${ns1}\nns2 IN A ${ns2}\n`,
    );
    bind.configure('ns1', true);
    bind.configure('ns2', true);
    for (const server of SERVERS) bind.start(server);
    for (const server of SERVERS) {
      await until(`${server} answers`, async () => (await bind.dig(server, `ns1.${ZONE}`, 'A')) === ns1);
    } // prettier-ignore
    return bind;
  }

  get keyFile(): string {
    return join(this.folder, 'failover.key');
  }

  /** Whether the primary grants updates, from now on. */
  grant(granted: boolean): void {
    this.configure('ns1', granted);
    // Its own process: `ip netns exec` became it.
    this.programOf('ns1').signal('SIGHUP');
  }

  programOf(server: (typeof SERVERS)[number]): Program {
    const program = this.programs.get(server);
    if (!program) throw new Error(`${server} was never started.`);
    return program;
  }

  /** How often the primary has said something in its log. */
  said(what: RegExp): number {
    const all = new RegExp(what, 'g');
    return this.programOf('ns1').output.match(all)?.length ?? 0;
  }

  async dig(server: string, name: string, type: string): Promise<string> {
    return this.digs.ask(this.network.addressOf(server), 53, name, type);
  }

  close(): void {
    process.stderr.write(this.digs.report());
  }

  private get key(): string {
    return `key "failover" { algorithm hmac-sha256; secret "${this.secret}"; };\n`;
  }

  private start(server: string): void {
    const file = join(this.folder, server, 'named.conf');
    this.programs.set(server, this.network.start(server, '/usr/sbin/named', ['-g', '-n', '1', '-c', file])); // prettier-ignore
  }

  private configure(server: (typeof SERVERS)[number], granted: boolean): void {
    const [own, ns1, ns2] = [server, ...SERVERS].map((each) => this.network.addressOf(each));
    const policy = granted ? 'grant failover zonesub A AAAA TXT;' : 'deny failover zonesub ANY;';
    const zone = {
      ns1: `listen-on port ${UPDATE_PORT} { ${own}; }; };
        ${this.key}zone "${ZONE}" { type primary; file "zone.db"; notify explicit; also-notify { ${ns2}; };
        update-policy { ${policy} }; };`,
      ns2: `}; zone "${ZONE}" { type secondary; file "copy.db"; allow-notify { ${ns1}; };
        primaries { ${ns1}; }; };`,
    };
    const folder = join(this.folder, server);
    writeFileSync(
      join(folder, 'named.conf'),
      `options { directory "${folder}"; pid-file none; session-keyfile none; recursion no; notify-delay 0;
        listen-on port 53 { ${own}; }; listen-on-v6 { none; }; allow-transfer { ${ns2}; };
        dnssec-validation no; request-ixfr yes; ${zone[server]}\ncontrols { };\n`,
    );
  }
}
