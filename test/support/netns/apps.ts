import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { until } from '../until.js';
import { ROOMY_LIMITS } from '../limits.js';
import { COMPILED } from '../process.js';
import type { Program } from '../process.js';
import type { Clocks } from './clocks.js';
import { MEMBERS } from './cluster.js';
import type { Cluster } from './cluster.js';
import type { Network } from './network.js';

const SHIPPED = join('infra', 'failover', 'keepalived');
const DROP_IN = join(SHIPPED, 'keepalived.service.d', 'ofitec.conf');
export const VIP = '10.77.0.100';
export const APPS = ['app1', 'app2'] as const;
export type AppName = (typeof APPS)[number];
/** A host of OFITEC at another site, with no virtual address of its own. */
export const SITE_B = 'app3';
export const SERVERS = [...APPS, SITE_B] as const;
export type ServerName = (typeof SERVERS)[number];
/** What the tills call the shop; the zone is the lab's own. */
export const SHOP = 'tienda.example.test';
/** What Prometheus reads the servers' figures with. */
export const METRICS_TOKEN = randomBytes(16).toString('hex');

/**
 * Two hosts with OFITEC and keepalived, the latter from the files that `install.sh` of
 * `infra/failover/keepalived` writes. No systemd runs here: its `Restart` and `ExecStopPost` are played.
 */
export class Apps {
  private readonly servers = new Map<ServerName, Program>();
  private readonly off = new Set<AppName>();
  private readonly keepaliveds = new Map<AppName, Program>();
  private readonly secret = randomBytes(40).toString('hex');
  private closing = false;

  private constructor(
    private readonly network: Network,
    private readonly cluster: Cluster,
    private readonly folder: string,
    private readonly clocks: Clocks,
  ) {}

  static async open(
    network: Network,
    cluster: Cluster,
    folder: string,
    clocks: Clocks,
  ): Promise<Apps> {
    const apps = new Apps(network, cluster, folder, clocks);
    for (const app of APPS) apps.install(app);
    await Promise.all(SERVERS.map(async (server) => apps.startServer(server)));
    for (const app of APPS) apps.startKeepalived(app);
    await until('somebody holds the address', () => apps.holders().length === 1);
    return apps;
  }

  root(app: ServerName): string {
    return join(this.folder, app);
  }

  serverOf(app: ServerName): Program {
    return this.servers.get(app) ?? fault(app);
  }

  keepalivedOf(app: AppName): Program {
    return this.keepaliveds.get(app) ?? fault(app);
  }

  /** Who has the virtual address on its network card now. */
  holders(): AppName[] {
    return APPS.filter((app) => this.network.holds(app, VIP));
  }

  /** Ends everything on a host, as a power cut does: nobody starts it again. */
  powerOff(app: AppName): void {
    this.off.add(app);
    this.network.powerOff(app);
    this.network.cable(app, 'down');
  }

  /** A host that starts: no address but its own, and what systemd starts. */
  async powerOn(app: AppName): Promise<void> {
    this.stopPost(app);
    this.network.cable(app, 'up');
    this.off.delete(app);
    await this.startServer(app);
    this.startKeepalived(app);
  }

  async startServer(app: ServerName): Promise<void> {
    const home = join(this.root(app), 'home');
    mkdirSync(home, { recursive: true });
    const server = this.network.start(app, process.execPath, [resolve('dist/src/main.js')], {
      env: {
        ...ROOMY_LIMITS,
        ...COMPILED,
        ...{ PORT: '3000', HOST: '0.0.0.0', LOG_LEVEL: 'error', SECRET_KEY: this.secret },
        ...{ OFITEC_HOME: home, ALERT_SPOOL: join(home, 'spool'), METRICS_TOKEN },
        ALLOWED_HOSTS: SHOP,
        ...this.clocks.env(app),
        DATABASE_URL: this.cluster.url(MEMBERS, 'ofitec_app'),
      },
    });
    this.servers.set(app, server);
    await server.until(/Docs /, 180_000);
  }

  /** Answers 500 to everything where the server was. */
  async startImpostor(app: AppName): Promise<void> {
    const code = `require('node:http').createServer((_, r) => r.writeHead(500).end('broken')).listen(3000, '0.0.0.0', () => console.log('Docs '))`;
    const impostor = this.network.start(app, process.execPath, ['-e', code]);
    this.servers.set(app, impostor);
    await impostor.until(/Docs /);
  }

  startKeepalived(app: AppName): void {
    const root = this.root(app);
    const program = this.network.start(app, '/usr/sbin/keepalived', [
      ...[
        '--dont-fork',
        '--log-console',
        '--use-file',
        join(root, 'etc/keepalived/keepalived.conf'),
      ],
      ...['--pid', join(root, 'keepalived.pid'), '--vrrp_pid', join(root, 'vrrp.pid')],
    ]);
    this.keepaliveds.set(app, program);
    void program.end().then(() => {
      if (this.closing || this.off.has(app)) return;
      // As systemd would: ExecStopPost, then Restart.
      this.stopPost(app);
      const [, seconds] = /^RestartSec=(\d+)$/m.exec(readFileSync(DROP_IN, 'utf8')) ?? [];
      setTimeout(
        () => {
          if (!this.closing && !this.off.has(app)) this.startKeepalived(app);
        },
        Number(seconds) * 1_000,
      );
    });
  }

  close(): void {
    this.closing = true;
  }

  /** Runs the installer for a host, into a folder of its own. */
  installer(app: AppName, ...args: readonly string[]): { code: number | null; said: string } {
    const { status, stdout, stderr } = spawnSync(
      join(SHIPPED, 'install.sh'),
      ['--root', this.root(app), '--env', this.envFile(app), ...args],
      { encoding: 'utf8' },
    );
    return { code: status, said: `${stdout}${stderr}` };
  }

  private envFile(app: AppName): string {
    return join(this.root(app), 'etc/ofitec/vip.env');
  }

  private stopPost(app: AppName): void {
    const [, command = ''] = /^ExecStopPost=(\S+)$/m.exec(readFileSync(DROP_IN, 'utf8')) ?? [];
    const env = [`VIP=${VIP}/24`, 'INTERFACE=eth0'];
    this.network.now(app, 'env', [...env, join(this.root(app), command)]);
  }

  private install(app: AppName): void {
    const peer = APPS.find((other) => other !== app) ?? app;
    const variables = {
      ...{ NODE: app, ADDRESS: this.network.addressOf(app), PEER: this.network.addressOf(peer) },
      ...{ PRIORITY: app === 'app1' ? 150 : 100, VIP: `${VIP}/24`, INTERFACE: 'eth0' },
      ...{ ROUTER_ID: 51, RUN_DIR: this.root(app) },
    };
    mkdirSync(join(this.root(app), 'etc/ofitec'), { recursive: true });
    const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"`);
    writeFileSync(this.envFile(app), `${lines.join('\n')}\n`);
    const { code, said } = this.installer(app);
    if (code !== 0) throw new Error(said);
    this.network.now(app, 'sysctl', ['-q', '-p', join(this.root(app), 'etc/sysctl.d/90-ofitec-database.conf')]); // prettier-ignore
  }
}

function fault(app: ServerName): never {
  throw new Error(`${app} was never started.`);
}
