import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Network } from '../netns/network.js';
import { run } from '../process.js';
import type { Ended, Program } from '../process.js';
import { readUnit } from './unit.js';

const HOST = 'clean';
const ADDRESS = '10.71.0.2';
const RELAY = join('test', 'support', 'relay.mjs');
/** A mount lives as long as the command that it is made for, and is nobody else's: nothing is left to unmount. */
const ENTER = [
  'mount -t proc proc "$0/proc"',
  'mount -t sysfs -o ro sysfs "$0/sys"',
  'mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm"',
  'mount -t devpts devpts "$0/dev/pts"',
  'exec chroot "$0" "$@"',
].join(' && ');

interface Options {
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A Debian as its installer leaves it, in a folder: its own files, network and mounts, and systemd that does not
 * run. Packages are fetched before it has a network of its own, and installed by whoever wants them. `close`.
 */
export class CleanRoot {
  private readonly relays: { server: Server; program: Program }[] = [];

  private constructor(
    readonly folder: string,
    private readonly network: Network,
  ) {}

  /**
   * Makes one from the mirror that this machine's own apt is set to.
   *
   * @param fetched packages that may be installed without a network
   */
  static async build(fetched: readonly string[]): Promise<CleanRoot> {
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-root-'));
    // It is a machine's `/`, in which everybody may look.
    chmodSync(folder, 0o755);
    try {
      const { mirror, codename } = mirrorOf();
      const words = ['--variant=minbase', '--include=systemd', codename, folder, mirror];
      await demand('debootstrap', words);
      copyFileSync('/etc/resolv.conf', join(folder, 'etc', 'resolv.conf'));
      await demand('chroot', [folder, 'apt-get', 'update', '-qq']);
      const fetch = ['install', '-qqyd', '--no-install-recommends', ...fetched];
      await demand('chroot', [folder, 'apt-get', '-o', 'APT::Sandbox::User=root', ...fetch]);
      return new CleanRoot(folder, Network.open({ [HOST]: ADDRESS }));
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Puts the built checkout there as a release that is carried to a host: Node and packages are in it. */
  async carry(to: string): Promise<void> {
    await demand(process.execPath, [join('src', 'bin', 'pack.mjs'), '--to', join(this.folder, to)]);
  }

  /** A program that runs there as root until it ends. */
  start(command: string, args: readonly string[], { env }: Options = {}): Program {
    const words = ['--mount', 'sh', '-c', ENTER, this.folder, command, ...args];
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    return this.network.start(HOST, 'unshare', words, {
      env: { PATH: path, LC_ALL: 'C.UTF-8', HOME: '/root', ...env },
    });
  }

  tell(command: string, args: readonly string[], options: Options = {}): Promise<Ended> {
    return this.start(command, args, options).end();
  }

  /** What a command says. @throws Error when it fails */
  async read(command: string, args: readonly string[], options: Options = {}): Promise<string> {
    const { code, output } = await this.tell(command, args, options);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${output}`);
    return output;
  }

  /** Starts what a unit that is installed there says, as its user and with its settings; systemd would. */
  startUnit(name: string): Program {
    const { user, folder, environment, words } = readUnit(this.folder, name);
    const as = ['--reuid', user, '--regid', user, '--init-groups'];
    const place = ['--chdir', folder, ...Object.entries(environment).map((pair) => pair.join('='))];
    return this.start('env', ['-i', ...place, 'setpriv', ...as, '--', ...words]);
  }

  /** An address on this machine's loopback that reaches a port of that machine's. */
  async reach(port: number): Promise<string> {
    const socket = join(this.folder, 'run', `relay-${port}.sock`);
    const words = [resolve(RELAY), socket, String(port)];
    const program = this.network.start(HOST, process.execPath, words);
    await program.until(/ready/);
    const server = createServer((client) => pipe(client, connect(socket)));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    this.relays.push({ server, program });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  readFile(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  writeFile(file: string, text: string): void {
    writeFileSync(this.path(file), text);
  }

  linkOf(file: string): string {
    return readlinkSync(this.path(file));
  }

  has(file: string): boolean {
    return existsSync(this.path(file));
  }

  /** Ends everything that runs there, and takes it away. */
  close(): void {
    for (const { server } of this.relays) server.close();
    this.network.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

function pipe(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}

/** Where this machine gets its own Debian from: no mirror is written down here. */
export function mirrorOf(): { mirror: string; codename: string } {
  const format = ['--format', '$(REPO_URI) $(CODENAME) $(COMPONENT)', 'Created-By: Packages'];
  const { stdout } = spawnSync('apt-get', ['indextargets', ...format], { encoding: 'utf8' });
  const targets = (stdout ?? '').split('\n').map((line) => line.split(' '));
  const found = targets.find(([, codename = '', part]) => part === 'main' && /^[a-z]+$/.test(codename)); // prettier-ignore
  const [mirror, codename] = found ?? [];
  if (!mirror || !codename) throw new Error('The apt of this machine names no mirror of Debian.');
  return { mirror, codename };
}

async function demand(command: string, args: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const { code, output } = await run(command, args, { env }).end();
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${output.slice(-2_000)}`);
}
