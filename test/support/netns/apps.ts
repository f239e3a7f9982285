import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { until } from '../failover-lab.js';
import { ROOMY_LIMITS } from '../limits.js';
import type { Program } from '../process.js';
import { MEMBERS } from './cluster.js';
import type { Cluster } from './cluster.js';
import type { Network } from './network.js';

const SHIPPED = join('infra', 'failover', 'keepalived');
const DROP_IN = join(SHIPPED, 'keepalived.service.d', 'ofitec.conf');
export const VIP = '10.77.0.100';
export const APPS = ['app1', 'app2'] as const;
export type AppName = (typeof APPS)[number];

/**
 * Two hosts with OFITEC and keepalived, the latter from the files that `install.sh` of
 * `infra/failover/keepalived` writes. No systemd runs here: its `Restart` and `ExecStopPost` are played.
 */
export class Apps {
  private readonly servers = new Map<AppName, Program>();
  private readonly keepaliveds = new Map<AppName, Program>();
  private readonly secret = randomBytes(40).toString('hex');
  private closing = false;

  private constructor(
    private readonly network: Network,
    private readonly cluster: Cluster,
    private readonly folder: string,
  ) {}

  static async open(network: Network, cluster: Cluster, folder: string): Promise<Apps> {
    const apps = new Apps(network, cluster, folder);
    for (const app of APPS) apps.install(app);
    for (const app of APPS) await apps.startServer(app);
    for (const app of APPS) apps.startKeepalived(app);
    await until('somebody holds the address', () => apps.holders().length === 1);
    return apps;
  }

  root(app: AppName): string {
    return join(this.folder, app);
  }

  serverOf(app: AppName): Program {
    return this.servers.get(app) ?? fault(app);
  }

  keepalivedOf(app: AppName): Program {
    return this.keepaliveds.get(app) ?? fault(app);
  }

  /** Who has the virtual address on its network card now. */
  holders(): AppName[] {
    return APPS.filter((app) => this.network.holds(app, VIP));
  }

  async startServer(app: AppName): Promise<void> {
    const home = join(this.root(app), 'home');
    mkdirSync(home, { recursive: true });
    const server = this.network.start(app, process.execPath, [resolve('dist/src/main.js')], {
      env: {
        ...ROOMY_LIMITS,
        ...{ PORT: '3000', HOST: '0.0.0.0', LOG_LEVEL: 'error', SECRET_KEY: this.secret },
        ...{ OFITEC_HOME: home, ALERT_SPOOL: join(home, 'spool') },
        DATABASE_URL: this.cluster.url(MEMBERS, 'ofitec_app'),
      },
    });
    this.servers.set(app, server);
    await server.until(/Docs /);
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
      if (this.closing) return;
      // As systemd would: ExecStopPost, then Restart.
      this.stopPost(app);
      const [, seconds] = /^RestartSec=(\d+)$/m.exec(readFileSync(DROP_IN, 'utf8')) ?? [];
      setTimeout(() => !this.closing && this.startKeepalived(app), Number(seconds) * 1_000);
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

function fault(app: AppName): never {
  throw new Error(`${app} was never started.`);
}
