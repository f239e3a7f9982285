import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnSync } from 'node:child_process';
import { until } from '../until.js';
import { run } from '../process.js';
import type { Ended, Program } from '../process.js';
import type { Clocks } from './clocks.js';
import type { Network } from './network.js';

const SHIPPED = join('infra', 'failover', 'patroni');
const BINARIES = '/usr/lib/postgresql/15/bin';
export const MEMBERS = ['pg1', 'pg2', 'pg3'] as const;
export type MemberName = (typeof MEMBERS)[number];
const KEYS = '/ofitec-postgresql/ofitec';

/** Patroni's answer about one member. */
export interface MemberView {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
  readonly lag?: number | string;
}

/**
 * Three hosts with etcd, Patroni and PostgreSQL, all from the files that `install.sh` of
 * `infra/failover/patroni` writes. Its services are started here as systemd would.
 */
export class Cluster {
  readonly secret = randomBytes(12).toString('hex');
  readonly passwords: Readonly<Record<string, string>>;
  private readonly services = new Map<string, Program>();

  private constructor(
    readonly network: Network,
    readonly folder: string,
    private readonly venv: string,
    readonly clocks: Clocks,
  ) {
    const password = (): string => randomBytes(16).toString('hex');
    this.passwords = {
      superuser: password(),
      rest: password(),
      owner: password(),
      app: password(),
    };
  }

  /** Hosts that are installed and not started. */
  static async prepare(network: Network, folder: string, clocks: Clocks): Promise<Cluster> {
    const cluster = new Cluster(network, folder, await installPatroni(), clocks);
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'wal'), { mode: 0o777 });
    chmodSync(join(folder, 'wal'), 0o777);
    try {
      for (const member of MEMBERS) cluster.install(member);
    } catch (error) {
      cluster.unmount();
      throw error;
    }
    return cluster;
  }

  async start(): Promise<void> {
    for (const member of MEMBERS) this.startEtcd(member);
    await until('etcd has a leader', async () => (await this.etcdctl(['endpoint', 'health'])).code === 0); // prettier-ignore
    for (const member of MEMBERS) this.startPatroni(member);
    await this.whole(120_000);
  }

  /** Takes the disks away; nothing may run on them any more. */
  unmount(): void {
    for (const member of MEMBERS) spawnSync('umount', ['--lazy', this.diskOf(member)]);
  }

  /** Runs the installer for a member, into a folder of its own. */
  installer(member: MemberName, ...args: readonly string[]): { code: number | null; said: string } {
    const { status, stdout, stderr } = spawnSync(
      join(SHIPPED, 'install.sh'),
      ['--root', this.root(member), '--env', join(this.folder, `${member}.env`), ...args],
      { encoding: 'utf8' },
    );
    return { code: status, said: `${stdout}${stderr}` };
  }

  root(member: MemberName): string {
    return join(this.folder, member);
  }

  dataOf(member: MemberName): string {
    return join(this.diskOf(member), 'data');
  }

  /** A file system of its own, which holds a member's data. */
  private diskOf(member: MemberName): string {
    return join(this.root(member), 'disk');
  }

  /** A disk that is gone is a folder that is empty. */
  loseEtcdDisk(member: MemberName): void {
    rmSync(join(this.root(member), 'etcd/member'), { recursive: true });
  }

  /** Leaves no room on the disk of a member's data. @returns the file that takes it */
  fillDisk(member: MemberName): string {
    const file = join(this.diskOf(member), 'filler');
    // The first takes what is there in one piece, the second the crumbs.
    const script = `fallocate -l $(($(df --output=avail -B1 "$(dirname "$1")" | tail -1) - 65536)) "$1"; cat /dev/zero >>"$1" 2>/dev/null; sync "$1"; df "$1"`;
    const { stdout, status } = spawnSync('bash', ['-c', script, '-', file], { encoding: 'utf8' });
    if (status !== 0 || !stdout.includes('100%'))
      throw new Error(`The disk is not full: ${stdout}`);
    return file;
  }

  startEtcd(member: MemberName): void {
    const file = join(this.root(member), 'etc/ofitec/etcd.env');
    this.serve(`${member}/etcd`, this.network.start(member, '/usr/bin/etcd', [], { user: 'postgres', env: variablesOf(file) })); // prettier-ignore
  }

  startPatroni(member: MemberName): void {
    const file = join(this.root(member), 'etc/ofitec/patroni.yml');
    // Its PostgreSQL's too. Not in the environment of what changes the user: a library for Patroni is not one for root.
    const more = Object.entries(this.clocks.env(member)).map(([name, value]) => `${name}=${value}`);
    const words = [...more, join(this.venv, 'bin', 'patroni'), file];
    const program = this.network.start(member, 'env', words, {
      user: 'postgres',
      env: { LC_ALL: 'C.UTF-8' },
    });
    this.serve(`${member}/patroni`, program);
  }

  /** Starts a member's guard, with the commands of this lab in the place of systemd's. */
  startGuard(member: MemberName): void {
    const root = this.root(member);
    const shipped = JSON.parse(readFileSync(join(root, 'etc/ofitec/guard.json'), 'utf8')) as object;
    const wish = (verb: string): string[] => {
      const file = this.wishOf(member, verb, 'patroni');
      return ['bash', '-c', `touch ${file}; while [ -e ${file} ]; do sleep 0.1; done`];
    };
    const config = {
      ...shipped,
      ...{ stepDown: wish('stop'), resume: wish('start'), stateFile: join(root, 'stepped-down') },
      ...{
        auditFile: join(root, 'guard.audit'),
        policy: { holdDownSeconds: 1, reseedSeconds: 40 },
      },
    };
    writeFileSync(this.guardFile(member), JSON.stringify(config));
    this.serve(`${member}/guard`, this.guard(member, 'run'));
  }

  /** Runs a verb of the guard on a member's host. */
  guard(member: MemberName, ...args: readonly string[]): Program {
    const words = ['guard', ...args, '--config', this.guardFile(member)];
    return this.network.start(member, process.execPath, [resolve('dist/infra/failover/main.js'), ...words]); // prettier-ignore
  }

  guardOf(member: MemberName): Program {
    return this.program(`${member}/guard`);
  }

  /** Does what guards and persons wish of a member's services, as systemd would. */
  async serveWishes(signal: AbortSignal): Promise<void> {
    const units = {
      etcd: (member: MemberName) => this.startEtcd(member),
      patroni: (member: MemberName) => this.startPatroni(member),
      guard: (member: MemberName) => this.startGuard(member),
    };
    for (; !signal.aborted; await sleep(100)) {
      for (const member of MEMBERS) {
        for (const [unit, start] of Object.entries(units)) {
          const [stops, starts] = ['stop', 'start'].map((verb) => this.wishOf(member, verb, unit));
          const program = this.program(`${member}/${unit}`);
          if (stops && existsSync(stops)) {
            if (!program.hasEnded) await program.end('SIGTERM');
            rmSync(stops, { force: true });
          }
          if (starts && existsSync(starts)) {
            if (program.hasEnded) start(member);
            rmSync(starts, { force: true });
          }
        }
      }
    }
  }

  /** A file that says what is wished of a service, until it is done. */
  wishOf(member: MemberName, verb: string, unit: string): string {
    return join(this.root(member), `${verb}-ofitec-${unit}`);
  }

  /** What every service has said, for who wants to know why. */
  logs(): ReadonlyMap<string, string> {
    return new Map([...this.services].map(([name, { output }]) => [name, output]));
  }

  private guardFile(member: MemberName): string {
    return join(this.root(member), 'guard.json');
  }

  patroniOf(member: MemberName): Program {
    return this.program(`${member}/patroni`);
  }

  etcdOf(member: MemberName): Program {
    return this.program(`${member}/etcd`);
  }

  /** The process id of a member's postmaster. */
  postmasterOf(member: MemberName): number {
    const [pid] = readFileSync(join(this.dataOf(member), 'postmaster.pid'), 'utf8').split('\n');
    return Number(pid);
  }

  /** The leader as etcd's majority knows it, asked from a host that no fault cuts off. */
  async leader(): Promise<MemberName | null> {
    const { code, output } = await this.etcdctl(['get', '--print-value-only', `${KEYS}/leader`]);
    if (code !== 0) return null;
    return MEMBERS.find((member) => member === output.trim()) ?? null;
  }

  /** The leader's timeline by its own word; 0 where it does not lead, or not yet. */
  async timelineOf(leader: MemberName): Promise<number> {
    const members = await this.membersBy(leader);
    const own = members.find(({ name, role }) => name === leader && role === 'leader');
    return own?.timeline ?? 0;
  }

  /** What /sync says: who may lead beside the leader. */
  async syncStandbys(): Promise<string[]> {
    const { output } = await this.etcdctl(['get', '--print-value-only', `${KEYS}/sync`]);
    const { sync_standby: names } = JSON.parse(output || '{}') as { sync_standby?: string | null };
    return (names ?? '').split(',').filter((name) => name !== '');
  }

  /** The cluster as a member tells it. */
  async membersBy(member: MemberName): Promise<MemberView[]> {
    const url = `http://${this.network.addressOf(member)}:8008/cluster`;
    const output = await this.network.read('client', 'curl', ['-sS', '--max-time', '2', url]);
    return (JSON.parse(output) as { members: MemberView[] }).members;
  }

  /** Waits until one leads and both others stream on its timeline. @returns the leader */
  async whole(timeoutMs = 90_000): Promise<MemberName> {
    let leader: MemberName | null = null;
    let seen: unknown;
    try {
      await until(
        'the cluster is whole',
        async () => {
          leader = await this.leader();
          if (!leader) return false;
          const members = await this.membersBy(leader);
          seen = members;
          const first = members.find(({ name }) => name === leader);
          const standbys = members.filter(({ name }) => name !== leader);
          return (
            (await this.syncStandbys()).length > 0 &&
            standbys.length === 2 &&
            standbys.every(
              ({ state, timeline }) => state === 'streaming' && timeline === first?.timeline,
            )
          );
        },
        timeoutMs,
      );
    } catch (error) {
      const logs = [...this.services].map(
        ([name, { output }]) => `${name}: ${output.slice(-1_500)}`,
      );
      throw new Error(`${String(error)}\n${JSON.stringify(seen)}\n${logs.join('\n')}`, {
        cause: error,
      });
    }
    return leader ?? 'pg1';
  }

  /** Runs SQL at a member as a role. @throws Error when it fails */
  async sql(
    member: MemberName,
    statement: string,
    options: { role?: string; database?: string } = {},
  ): Promise<string> {
    const { role = 'postgres', database = 'ofitec' } = options;
    const url = this.url([member], role, database);
    return this.network.read('client', `${BINARIES}/psql`, ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', statement], { env: { PGCONNECT_TIMEOUT: '5' } }); // prettier-ignore
  }

  url(members: readonly MemberName[], role: string, database = 'ofitec'): string {
    const password = { postgres: 'superuser', ofitec_owner: 'owner' }[role] ?? 'app';
    const hosts = members.map((member) => `${this.network.addressOf(member)}:5432`).join(',');
    return `postgres://${role}:${this.passwords[password]}@${hosts}/${database}`;
  }

  async etcdctl(args: readonly string[], from = 'client'): Promise<Ended> {
    const endpoints = MEMBERS.map((member) => `${this.network.addressOf(member)}:2379`).join(',');
    return this.network.tell(from, 'etcdctl', ['--endpoints', endpoints, '--command-timeout=3s', '--dial-timeout=1s', ...args], { env: { ETCDCTL_API: '3' } }); // prettier-ignore
  }

  get patronictlProgram(): string {
    return join(this.venv, 'bin', 'patronictl');
  }

  async patronictl(from: MemberName, args: readonly string[]): Promise<Ended> {
    const file = join(this.root(from), 'etc/ofitec/patroni.yml');
    return this.network.tell(from, this.patronictlProgram, ['-c', file, ...args], { user: 'postgres', env: { LC_ALL: 'C.UTF-8' } }); // prettier-ignore
  }

  private install(member: MemberName): void {
    const nodes = MEMBERS.map((each) => `${each}=${this.network.addressOf(each)}`).join(' ');
    const root = this.root(member);
    const wal = join(root, 'usr/local/lib/ofitec/wal.sh');
    const { superuser, rest } = this.passwords;
    const variables = {
      ...{ SCOPE: 'ofitec', NODE: member, NODES: nodes, WATCHDOG_MODE: 'off' },
      ...{ NETWORK: '10.77.0.0/24', CLIENT_NETWORK: '10.77.0.0/24' },
      ...{ SUPERUSER_PASSWORD: superuser, REST_PASSWORD: rest, ETCD_TOKEN: this.secret },
      ...{ REPLICATION_PASSWORD: this.secret, REWIND_PASSWORD: this.secret },
      ARCHIVE_COMMAND: `${wal} archive ${join(this.folder, 'wal')} %p %f`,
      RESTORE_COMMAND: `${wal} restore ${join(this.folder, 'wal')} %p %f`,
      ...{
        DATA_DIR: this.dataOf(member),
        RUN_DIR: join(root, 'run'),
        ETCD_DIR: join(root, 'etcd'),
      },
    };
    const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"`);
    writeFileSync(join(this.folder, `${member}.env`), `${lines.join('\n')}\n`);
    const { code, said } = this.installer(member);
    if (code !== 0) throw new Error(said);
    mount(this.diskOf(member), join(this.folder, `${member}.disk`));
    for (const name of ['run', 'etcd', 'disk/data']) {
      mkdirSync(join(root, name), { mode: 0o700 });
      spawnSync('chown', ['postgres:postgres', join(root, name)]);
    }
    // Kernel settings are each namespace's own.
    this.network.now(member, 'sysctl', ['-q', '-p', join(root, 'etc/sysctl.d/90-ofitec-database.conf')]); // prettier-ignore
  }

  private serve(name: string, program: Program): void {
    const before = this.services.get(name);
    // What one that was killed has said is wanted most.
    if (before) this.services.set(`${name}-${this.services.size}`, before);
    this.services.set(name, program);
  }

  private program(name: string): Program {
    const program = this.services.get(name);
    if (!program) throw new Error(`${name} was never started.`);
    return program;
  }
}

/** A file system in a file of its own, as large as it needs to be: it takes what is written to it. */
function mount(folder: string, file: string): void {
  mkdirSync(folder, { recursive: true });
  const words = `truncate -s 3G "$2" && mkfs.ext4 -q -F -m 0 "$2" && mount -o loop "$2" "$1"`;
  const { status, stderr } = spawnSync('bash', ['-c', words, '-', folder, file], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${folder} could not be mounted: ${stderr}`);
}

/** Variables of a file of `NAME=value` lines, as systemd's EnvironmentFile. */
function variablesOf(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])); // prettier-ignore
}

/** Installs Patroni from PyPI into a folder of its own, by its hashes; once per state of the list. */
async function installPatroni(): Promise<string> {
  const list = join(SHIPPED, 'requirements.txt');
  const mark = createHash('sha256').update(readFileSync(list)).digest('hex').slice(0, 12);
  // Not in the checkout: the user postgres must be able to enter it.
  const folder = join('/var/cache/ofitec-test', `patroni-${mark}`);
  const done = join(folder, 'installed');
  if (existsSync(done)) return folder;
  const strict = ['--require-hashes', '--only-binary', ':all:', '--no-binary', 'python-etcd,ydiff'];
  for (const [command, args] of [
    ['mkdir', ['-p', folder]],
    ['/usr/bin/python3', ['-m', 'venv', '--clear', folder]],
    [join(folder, 'bin', 'pip'), ['install', '--quiet', ...strict, '-r', list]],
  ] as const) {
    const { code, output } = await run(command, args).end();
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
  }
  writeFileSync(done, '');
  return folder;
}
