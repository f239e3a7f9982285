import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Mark, sweep } from './sweep.js';
import { run } from '../process.js';
import type { Ended, Program } from '../process.js';

/** What a test of the network needs; a missing one is a failure. */
const TOOLS = ['ip', 'nft', 'tc', 'ss', 'setpriv', 'sysctl', 'mkfs.ext4', 'cc', 'named', 'dig', 'prometheus', 'prometheus-blackbox-exporter'] as const; // prettier-ignore
const MASK = 24;

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  /** The user that it runs as; root unless told. */
  readonly user?: string;
}

/**
 * Hosts of a test: network namespaces on a switch that is a namespace itself, so that nothing of it
 * meets the machine's own network, nor that of another test. `close` ends what runs in them, by pid.
 */
export class Network {
  private readonly tag = `of${randomBytes(3).toString('hex')}`;
  private readonly mark = new Mark(this.tag);
  private readonly hosts = new Map<string, string>();

  private constructor() {}

  /** @param hosts addresses by name; a name is at most eight characters long */
  static open(hosts: Readonly<Record<string, string>>): Network {
    if (process.getuid?.() !== 0) throw new Error('Network namespaces need root.');
    for (const tool of TOOLS) sh('sh', ['-c', `command -v ${tool}`]);
    sweep();
    const network = new Network();
    try {
      network.makeSwitch();
      for (const [name, address] of Object.entries(hosts)) network.plug(name, address);
    } catch (error) {
      network.close();
      throw error;
    }
    return network;
  }

  /** Says that a folder, and what is mounted in it, goes with this network, also when its process is killed. */
  owns(folder: string): void {
    this.mark.owns(folder);
  }

  addressOf(host: string): string {
    const address = this.hosts.get(host);
    if (address === undefined) throw new Error(`There is no host ${host}.`);
    return address;
  }

  /** The namespace of a host, for what enters it by its file. */
  fileOf(host: string): string {
    return `/run/netns/${this.namespace(host)}`;
  }

  /** A program that runs on a host until it ends. */
  start(host: string, command: string, args: readonly string[], options: Options = {}): Program {
    const { user, env } = options;
    const as = user ? ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups'] : [];
    const words = ['netns', 'exec', this.namespace(host), ...as, command, ...args];
    return run('ip', words, env ? { env } : {});
  }

  /** Runs a command on a host to its end. */
  async tell(
    host: string,
    command: string,
    args: readonly string[],
    options: Options = {},
  ): Promise<Ended> {
    return this.start(host, command, args, options).end();
  }

  /** The same, for its output. @throws Error when it fails */
  async read(
    host: string,
    command: string,
    args: readonly string[],
    options: Options = {},
  ): Promise<string> {
    const { code, output } = await this.tell(host, command, args, options);
    if (code !== 0) throw new Error(`${host}: ${command} ended with ${code}: ${output}`);
    return output;
  }

  /** Drops what the rules of nftables match, as it comes in or goes out of a host. */
  drop(host: string, rules: { in?: readonly string[]; out?: readonly string[] }): void {
    const chain = (hook: 'input' | 'output', matches: readonly string[] = []): string[] => [
      `chain ${hook} {`,
      `type filter hook ${hook} priority -10; policy accept;`,
      ...matches.map((each) => `${each} drop`),
      '}',
    ];
    const table = [
      ...['table inet fault {', ...chain('input', rules.in), ...chain('output', rules.out), '}'],
    ].join('\n');
    this.heal(host);
    this.now(host, 'nft', [table]);
  }

  /** Ends every drop at a host. */
  heal(host: string): void {
    spawnSync('ip', ['netns', 'exec', this.namespace(host), 'nft', 'delete table inet fault']);
  }

  /** Pulls a host's cable out of the switch, or puts it in. */
  cable(host: string, state: 'up' | 'down'): void {
    sh('ip', ['-n', this.switchName, 'link', 'set', host, state]);
  }

  /** Whether a host has an address on its network card. */
  holds(host: string, address: string): boolean {
    const words = ['-n', this.namespace(host), '-o', 'addr', 'show', 'dev', 'eth0'];
    return sh('ip', words).includes(` ${address}/`);
  }

  /** Runs a short command on a host at once. @throws Error when it fails */
  now(host: string, command: string, args: readonly string[]): string {
    return sh('ip', ['netns', 'exec', this.namespace(host), command, ...args]);
  }

  /** Process ids of what runs on a host. */
  pidsOf(host: string): number[] {
    return sh('ip', ['netns', 'pids', this.namespace(host)])
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  }

  /** Ends whatever runs on a host at once, as a power cut does. */
  powerOff(host: string): void {
    for (let tries = 0; tries < 20; tries += 1) {
      const pids = this.pidsOf(host);
      for (const pid of pids) kill(pid);
      if (pids.length === 0) return;
      spawnSync('sleep', ['0.05']);
    }
  }

  /** Ends what runs on the hosts and takes them away; also after a fault halfway. */
  close(): void {
    for (const host of this.hosts.keys()) {
      if (!existsSync(`/run/netns/${this.namespace(host)}`)) continue;
      this.powerOff(host);
      spawnSync('ip', ['netns', 'delete', this.namespace(host)]);
    }
    spawnSync('ip', ['netns', 'delete', this.switchName]);
    this.mark.remove();
  }

  private get switchName(): string {
    return `${this.tag}-switch`;
  }

  private namespace(host: string): string {
    return `${this.tag}-${host}`;
  }

  private makeSwitch(): void {
    sh('ip', ['netns', 'add', this.switchName]);
    sh('ip', ['-n', this.switchName, 'link', 'add', 'br0', 'type', 'bridge']);
    sh('ip', ['-n', this.switchName, 'link', 'set', 'br0', 'up']);
  }

  private plug(host: string, address: string): void {
    const name = this.namespace(host);
    this.hosts.set(host, address);
    sh('ip', ['netns', 'add', name]);
    const card = `${this.tag}${this.hosts.size}`;
    const peer = `${card}s`;
    sh('ip', ['link', 'add', card, 'type', 'veth', 'peer', 'name', peer]);
    sh('ip', ['link', 'set', card, 'netns', name, 'name', 'eth0']);
    sh('ip', ['link', 'set', peer, 'netns', this.switchName, 'name', host]);
    sh('ip', ['-n', this.switchName, 'link', 'set', host, 'master', 'br0', 'up']);
    sh('ip', ['-n', name, 'addr', 'add', `${address}/${MASK}`, 'dev', 'eth0']);
    sh('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    sh('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}

function sh(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], { encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: ${stderr || String(error)}`);
}
