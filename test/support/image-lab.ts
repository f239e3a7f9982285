import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Network } from './netns/network.js';
import { mirrorOf } from './operations/clean-root.js';
import { writeShims } from './playbook.js';
import { run } from './process.js';
import type { Program } from './process.js';

const HOST = 'engine';
const STAND_INS = join('test', 'support', 'image');
const BASE = 'localhost/debian:bookworm-slim';
const BUILDER = 'localhost/node:24-bookworm-slim';
const POSTGRES = 'docker.io/library/postgres:15-bookworm';
/** What systemd's timers would do; there is no systemd where tests run. */
const HEALTH_MS = 1_000;

/** How a container stands, as its engine says. */
export interface Standing {
  readonly Image: string;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
}

/** The configuration of an image. */
export interface ImageFigures {
  readonly Size: number;
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly StopSignal: string;
    readonly Healthcheck?: { readonly Test: readonly string[] };
  };
  readonly History: readonly { readonly created_by: string }[];
}

/**
 * A container engine (podman with runc) with images, containers and networks of its own, in a network namespace that
 * meets nothing else; bases that no registry gives here are made of Debian's packages. `close` takes everything away but
 * images in a folder that OFITEC_IMAGE_STORE names, which the next one begins with.
 */
export class ImageLab {
  /** Where a person's `docker` and `podman` are found. */
  private readonly shims: string;
  private service: Program | null = null;
  private beating: Promise<void> | null = null;
  private isOver = false;
  private relay: { server: Server; program: Program } | null = null;

  private constructor(
    readonly folder: string,
    private readonly network: Network,
  ) {
    const { store } = this;
    const args = [
      '--isolation',
      'chroot',
      ...(process.env['OFITEC_IMAGE_STORE'] ? ['--layers'] : []),
      `--volume=${npmCache()}:/root/.npm:O`,
    ];
    const bases = [`--build-arg=BUILDER=${BUILDER}`, `--build-arg=BASE=${BASE}`];
    this.shims = writeShims(folder, {
      podman: [
        `[ "$1" = build ] && shift && exec /usr/bin/podman ${[...store, 'build', ...args, ...bases].join(' ')} "$@"`,
        `exec /usr/bin/podman ${store.join(' ')} "$@"`,
      ],
      docker: ['[ "$1" = compose ] && shift && exec docker-compose "$@"', 'exit 64'],
    });
  }

  /** Makes the images that the shipped files name. */
  static async open(): Promise<ImageLab> {
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-image-'));
    const network = Network.open({ [HOST]: '10.72.0.2' });
    network.owns(folder);
    const lab = new ImageLab(folder, network);
    try {
      lab.configure();
      await lab.makeBases();
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** Runs a script as a person at the engine would, in a folder. @returns what it said @throws Error when it fails */
  async script(text: string, cwd: string): Promise<string> {
    return this.demand('bash', ['-ec', text], cwd);
  }

  /** What the engine says to a command. @throws Error when it fails */
  async podman(...args: string[]): Promise<string> {
    // What runs, and its networks, belong to the service, which is in a network of its own.
    const at = this.service ? ['--remote', '--url', this.address] : this.store;
    return this.demand('/usr/bin/podman', [...at, ...args]);
  }

  /** Runs a command of the shell in a running container. */
  async inside(container: string, text: string): Promise<string> {
    return this.podman('exec', container, 'sh', '-c', text);
  }

  async image(name: string): Promise<ImageFigures> {
    const found = JSON.parse(await this.podman('image', 'inspect', name)) as ImageFigures[];
    return found[0] as ImageFigures;
  }

  async standing(container: string): Promise<Standing> {
    const found = JSON.parse(await this.podman('container', 'inspect', container)) as Standing[];
    return found[0] as Standing;
  }

  /** Waits for a container. @throws Error with its log when it takes too long */
  async until(container: string, holds: (standing: Standing) => boolean): Promise<void> {
    for (let tries = 0; tries < 240; tries += 1) {
      if (holds(await this.standing(container))) return;
      await sleep(500);
    }
    const log = await this.demand('/usr/bin/podman', [...this.store, 'logs', container]);
    throw new Error(
      `${container}: ${JSON.stringify((await this.standing(container)).State)}\n${log}`,
    );
  }

  /** Starts what Compose talks to, and looks after health. */
  async serve(): Promise<void> {
    const words = [`--net=${this.network.fileOf(HOST)}`, '--', '/usr/bin/podman', ...this.store];
    // By its namespace's file alone: `ip netns exec` would hide the control groups.
    const serve = ['system', 'service', '--time', '0', this.address];
    this.service = run('nsenter', [...words, ...serve], { env: this.env });
    for (let tries = 0; ; tries += 1) {
      const { code, output } = await run('/usr/bin/podman', [
        '--remote',
        '--url',
        this.address,
        'ps',
      ]).end();
      if (code === 0) break;
      if (tries > 100)
        throw new Error(`The engine does not answer: ${output} ${this.service.output}`);
      await sleep(100);
    }
    this.beating = this.beat();
  }

  /** An address on this machine's loopback that reaches a published port. */
  async reach(port: number): Promise<string> {
    const socket = join(this.folder, 'relay.sock');
    const words = [resolve('test/support/relay.mjs'), socket, String(port)];
    const program = this.network.start(HOST, process.execPath, words);
    await program.until(/ready/);
    const server = createServer((client) => {
      const inner = connect(socket);
      client.on('error', () => inner.destroy()).on('close', () => inner.destroy());
      inner.on('error', () => client.destroy()).on('close', () => client.destroy());
      client.pipe(inner).pipe(client);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    this.relay = { server, program };
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** The shipped files of Compose in a folder of their own, as a host has them. */
  shipped(): string {
    for (const name of ['container', 'postgresql']) {
      cpSync(join('infra', name), join(this.folder, 'infra', name), { recursive: true });
    }
    return this.folder;
  }

  async close(): Promise<void> {
    this.isOver = true;
    await this.beating;
    this.relay?.server.close();
    await this.podman('rm', '--all', '--force', '--time', '5').catch(() => '');
    await this.podman('network', 'prune', '--force').catch(() => '');
    await this.service?.end('SIGTERM');
    this.network.close();
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    for (const at of mounts.map((line) => line.split(' ')[1] ?? '').reverse()) {
      if (at.startsWith(`${this.folder}/`)) spawnSync('umount', ['--lazy', at]);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get address(): string {
    return `unix://${join(this.folder, 'engine.sock')}`;
  }

  private get images(): string {
    return process.env['OFITEC_IMAGE_STORE'] ?? join(this.folder, 'storage');
  }

  private get store(): string[] {
    const driver = /\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'))
      ? 'overlay'
      : 'vfs';
    return [
      `--root=${this.images}`,
      `--runroot=${this.folder}/running`,
      `--storage-driver=${driver}`,
      `--network-config-dir=${this.folder}/networks`,
    ];
  }

  private get env(): Record<string, string> {
    return {
      ...{
        CONTAINERS_CONF: join(this.folder, 'engine.conf'),
        DOCKER_HOST: this.address,
        COMPOSE_HTTP_TIMEOUT: '300',
      },
      PATH: `${this.shims}:${process.env['PATH']}`,
    };
  }

  private configure(): void {
    // What an earlier lab said of its other folders; images are not in there.
    rmSync(join(this.images, 'libpod'), { recursive: true, force: true });
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const most = (name: string): number => Number(new RegExp(`^${name} +\\S+ +(\\d+)`, 'm').exec(limits)?.[1] ?? 1_024); // prettier-ignore
    // What containers get by default may be more than whoever runs this may give.
    const [files, processes] = ['Max open files', 'Max processes'].map((name) =>
      Math.min(most(name), 10_000),
    );
    const lines = [
      '[containers]',
      `default_ulimits = ["nofile=${files}:${files}", "nproc=${processes}:${processes}"]`,
      ...['[engine]', 'cgroup_manager = "cgroupfs"', 'events_logger = "file"', 'runtime = "runc"'],
    ];
    writeFileSync(join(this.folder, 'engine.conf'), lines.join('\n'));
  }

  private async makeBases(): Promise<void> {
    const kept = await Promise.all([BASE, BUILDER, POSTGRES].map((name) => this.hasImage(name)));
    if (kept.every((isThere) => isThere)) return;
    const context = join(this.folder, 'bases');
    mkdirSync(context);
    const root = join(context, 'root');
    const { mirror, codename } = mirrorOf();
    await this.demand('debootstrap', ['--variant=minbase', codename, root, mirror]);
    await this.demand('tar', ['-C', root, '-cf', join(context, 'root.tar'), '.']);
    rmSync(root, { recursive: true });
    cpSync(STAND_INS, context, { recursive: true });
    cpSync(realpathSync(process.execPath), join(context, 'node'));
    cpSync(npmFolder(), join(context, 'npm'), { recursive: true, dereference: true });
    cpSync('/etc/ssl/certs/ca-certificates.crt', join(context, 'authorities.crt'), {
      dereference: true,
    });
    for (const [target, name] of [
      ['base', BASE],
      ['builder', BUILDER],
      ['postgres', POSTGRES],
    ] as const) {
      const words = [
        ...this.store,
        'build',
        '--isolation=chroot',
        '--layers',
        '--target',
        target,
        '-t',
        name,
        context,
      ];
      await this.demand('/usr/bin/podman', words);
    }
  }

  private async hasImage(name: string): Promise<boolean> {
    return (
      (await run('/usr/bin/podman', [...this.store, 'image', 'exists', name]).end()).code === 0
    );
  }

  private async beat(): Promise<void> {
    while (!this.isOver) {
      const ids = (await this.podman('ps', '--quiet').catch(() => '')).split('\n');
      for (const id of ids.filter((each) => each !== '')) {
        // Not healthy is an answer, too, and kept by the engine.
        await this.podman('healthcheck', 'run', id).catch(() => '');
      }
      await sleep(HEALTH_MS);
    }
  }

  private async demand(command: string, args: readonly string[], cwd?: string): Promise<string> {
    const { code, output } = await run(command, args, {
      env: this.env,
      ...(cwd ? { cwd } : {}),
    }).end();
    if (code !== 0)
      throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${output.slice(-3_000)}`);
    // What an engine without systemd complains of.
    return output.replaceAll(/^.*(systemd connection|connect to syslog).*\n?/gm, '');
  }
}

function npmCache(): string {
  const cache = spawnSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).stdout.trim();
  mkdirSync(cache, { recursive: true });
  return cache;
}

function npmFolder(): string {
  const found = spawnSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).stdout.trim();
  let folder = realpathSync(found);
  while (!folder.endsWith('/npm')) folder = dirname(folder);
  return folder;
}
