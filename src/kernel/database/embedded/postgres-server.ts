import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { chooseIdentity } from './identity.js';
import type { Identity } from './identity.js';

export interface PostgresServerOptions {
  /** Folder with `initdb` and `postgres`. */
  readonly binaries: string;
  /** Absolute path of the data folder; made when it is missing. */
  readonly data: string;
  /** Password of the superuser `postgres`. */
  readonly password: string;
  /** Settings as in postgresql.conf; without a `port` it takes a free one. */
  readonly settings?: Readonly<Record<string, string>>;
}

const START_TIMEOUT_MS = 60_000;
const START_ATTEMPTS = 40;
const STOP_TIMEOUT_MS = 30_000;
const LOG_LIMIT_BYTES = 10_000_000;
/** What PostgreSQL says where a later start may go well. */
const PASSING = /still in use|Address already in use/;

/** A PostgreSQL server of our own on loopback: initialised, started or adopted, stopped. */
export class PostgresServer {
  private constructor(
    private readonly options: PostgresServerOptions,
    readonly port: number,
    private readonly pid: number,
  ) {}

  /** Starts the server on its data folder, or adopts the one that a killed process left running. */
  static async start(options: PostgresServerOptions): Promise<PostgresServer> {
    const identity = chooseIdentity(options.binaries, options.data);
    if (!fs.existsSync(options.data)) initialise(options, identity);
    return (await adopt(options)) ?? (await launchWithPatience(options, identity));
  }

  /** The server on this data folder if it runs and answers; never starts one. */
  static async find(options: PostgresServerOptions): Promise<PostgresServer | null> {
    return adopt(options);
  }

  /** A connection string of a role to a database of this server. */
  url(role: string, password: string, database: string): string {
    return `postgres://${role}:${password}@127.0.0.1:${this.port}/${database}`;
  }

  /** The superuser's connection string; for creating roles and databases only. */
  superuserUrl(database = 'postgres'): string {
    return this.url('postgres', this.options.password, database);
  }

  /** Ends the server, rolling back what is open (PostgreSQL's fast shutdown). */
  async stop(): Promise<void> {
    signal(this.pid, 'SIGINT');
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (isAlive(this.pid)) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL (pid ${this.pid}) does not stop.`);
      await sleep(20);
    }
  }

  static make(options: PostgresServerOptions, port: number, pid: number): PostgresServer {
    return new PostgresServer(options, port, pid);
  }
}

/** initdb into a folder beside, then one rename: a killed initialisation leaves nothing half. */
function initialise(options: PostgresServerOptions, identity: Identity): void {
  const parent = dirname(options.data);
  fs.mkdirSync(parent, { recursive: true });
  const draft = join(parent, `.init-${randomBytes(6).toString('hex')}`);
  const passwordFile = `${draft}.password`;
  fs.mkdirSync(draft, { mode: 0o700 });
  fs.writeFileSync(passwordFile, options.password, { mode: 0o600 });
  try {
    if (identity.uid !== undefined && identity.gid !== undefined) {
      fs.chownSync(draft, identity.uid, identity.gid);
      fs.chownSync(passwordFile, identity.uid, identity.gid);
    }
    const [command, args] = identity.command(join(options.binaries, 'initdb'), [
      `--pgdata=${draft}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
    ]);
    const result = spawnSync(command, args, { ...ids(identity), encoding: 'utf8', cwd: '/' });
    if (result.status !== 0) {
      throw new Error(
        `initdb failed: ${result.error?.message ?? ''}${result.stderr}${hint(command)}`,
      );
    }
    fs.renameSync(draft, options.data);
  } finally {
    fs.rmSync(passwordFile, { force: true });
    fs.rmSync(draft, { recursive: true, force: true });
  }
}

function hint(command: string): string {
  return command === 'unshare'
    ? '\nRoot needs user namespaces here; or set OFITEC_HOME to a folder whose parents let others pass.'
    : '';
}

/**
 * Where PostgreSQL was killed outright, its own children need a moment to notice and let go of
 * the shared memory; a start in that moment is refused and worth repeating. So is one whose port
 * was free when it was chosen and is somebody's connection since.
 */
async function launchWithPatience(
  options: PostgresServerOptions,
  identity: Identity,
): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      passZombie(options);
      return await launch(options, identity);
    } catch (error) {
      if (attempt >= START_ATTEMPTS || !PASSING.test(lastWords(options))) throw error;
      await sleep(250);
    }
  }
}

/**
 * A killed server that nobody has reaped (a container without an init) still looks alive to
 * PostgreSQL. Its lock file is given our own number, which PostgreSQL knows to be stale, and not
 * removed: the check for shared memory in use needs the rest of it.
 */
function passZombie({ data }: PostgresServerOptions): void {
  const file = join(data, 'postmaster.pid');
  if (!fs.existsSync(file)) return;
  const [pid, ...rest] = fs.readFileSync(file, 'utf8').split('\n');
  if (isZombie(Number(pid))) fs.writeFileSync(file, [process.pid, ...rest].join('\n'));
}

/** The end of the server's log. */
function lastWords({ data }: PostgresServerOptions): string {
  return fs.readFileSync(`${data}.log`, 'utf8').slice(-500);
}

async function launch(options: PostgresServerOptions, identity: Identity): Promise<PostgresServer> {
  const port = Number(options.settings?.['port'] ?? (await freePort()));
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ...options.settings,
  };
  const [command, args] = identity.command(join(options.binaries, 'postgres'), [
    '-D',
    options.data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const logFile = `${options.data}.log`;
  if ((fs.statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) {
    fs.truncateSync(logFile);
  }
  const log = fs.openSync(logFile, 'a', 0o600);
  const child = spawn(command, args, {
    ...ids(identity),
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  });
  fs.closeSync(log);
  const started = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`PostgreSQL ended with ${code}; see ${logFile}`)),
    );
  });
  started.catch(() => undefined);
  const server = PostgresServer.make(options, port, child.pid ?? 0);
  await Promise.race([untilReady(server), started]);
  child.removeAllListeners();
  child.unref();
  return server;
}

async function adopt(options: PostgresServerOptions): Promise<PostgresServer | null> {
  const file = join(options.data, 'postmaster.pid');
  if (!fs.existsSync(file)) return null;
  const [pid, , , port] = fs.readFileSync(file, 'utf8').split('\n');
  if (!pid || !port || !isAlive(Number(pid))) return null;
  const server = PostgresServer.make(options, Number(port), Number(pid));
  const folder = await dataFolder(server);
  return folder !== null && fs.realpathSync(folder) === fs.realpathSync(options.data)
    ? server
    : null;
}

async function untilReady(server: PostgresServer): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while ((await dataFolder(server)) === null) {
    if (Date.now() > deadline) throw new Error('PostgreSQL does not become ready.');
    await sleep(15);
  }
}

async function dataFolder(server: PostgresServer): Promise<string | null> {
  const client = new Client({
    connectionString: server.superuserUrl(),
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    return rows[0]?.data_directory ?? null;
  } catch {
    return null;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function ids(identity: Identity): { uid?: number; gid?: number } {
  return {
    ...(identity.uid === undefined ? {} : { uid: identity.uid }),
    ...(identity.gid === undefined ? {} : { gid: identity.gid }),
  };
}

function isAlive(pid: number): boolean {
  return signal(pid, 0);
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A child that ended but was not reaped yet still takes signals. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z /s.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
