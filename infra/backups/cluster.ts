import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { clientTo, PostgresServer } from '#kernel';
import type { Client } from 'pg';
import type { Manifest, Role } from './manifest.js';
import { runOnData, runProgram } from './programs.js';
import { libpqOf } from './url.js';

type Progress = (line: string) => void;

/** A cluster of its own that a dump was loaded into. */
export interface Loaded {
  readonly server: PostgresServer;
  readonly databaseUrl: string;
  /** The same as the application's role; with {@link Loaded.ownerUrl}, what OFITEC is started with. */
  readonly applicationUrl: string;
  readonly ownerUrl: string;
  /** What could not be made as it was, in words. */
  readonly notes: readonly string[];
}

/**
 * Makes a new cluster and loads a dump into it. Its transactions count from beyond the dump's: events
 * keep the number of the transaction that wrote them, and what is written from now on must come after.
 * Only the epoch, the upper half of the counter, is raised: whatever is on disk knows the lower half
 * alone and stays as it is, so that no status file is missing and nothing nears the wraparound.
 *
 * @param data a folder that is not there yet
 * @throws Error
 */
export async function loadDump(
  manifest: Manifest,
  from: { file: string; data: string; binaries: string; jobs: number; fsync: boolean },
  progress: Progress,
): Promise<Loaded> {
  const { file, data, binaries } = from;
  const password = randomBytes(24).toString('hex');
  const options = {
    ...{ binaries, data, password },
    settings: { fsync: from.fsync ? 'on' : 'off', max_wal_size: '4GB', archive_mode: 'off' },
  };
  progress('restore: making a cluster');
  const first = await PostgresServer.start(options);
  await first.stop();
  const epoch = (BigInt(manifest.nextTransaction) >> 32n) + 1n;
  await runOnData(data, join(binaries, 'pg_resetwal'), ['--epoch', `${epoch}`, '-D', data]);
  const server = await PostgresServer.start(options);
  const { name } = manifest.database;
  const notes = await told(server.superuserUrl(), async (client) => {
    for (const role of manifest.roles) await makeRole(client, role, password);
    for (const role of manifest.roles) await joinGroups(client, role);
    return makeDatabase(client, manifest);
  });
  progress('restore: loading the dump');
  const databaseUrl = server.superuserUrl(name);
  const { env, secrets } = libpqOf(databaseUrl);
  const jobs = String(from.jobs);
  const args = ['--exit-on-error', '--no-password', `--dbname=${name}`, `--jobs=${jobs}`, file];
  await runProgram(join(binaries, 'pg_restore'), args, { env, secrets });
  await told(databaseUrl, (client) => client.query('ANALYZE'));
  return {
    ...{ server, databaseUrl, notes },
    applicationUrl: server.url('ofitec_app', password, name),
    ownerUrl: server.url('ofitec_owner', password, name),
  };
}

/** Ends a server whose process may have lost us, and removes its folder. */
export async function removeCluster(data: string): Promise<void> {
  const [pid = ''] = read(join(data, 'postmaster.pid')).split('\n');
  const isOurs = /^\d+$/.test(pid) && read(`/proc/${pid}/cmdline`).split('\0').includes(data);
  if (isOurs) {
    // Immediate: what it holds is thrown away.
    process.kill(Number(pid), 'SIGQUIT');
    for (let tries = 0; tries < 600 && read(`/proc/${pid}/cmdline`) !== ''; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  fs.rmSync(data, { recursive: true, force: true });
  fs.rmSync(`${data}.log`, { force: true });
}

/** Roles that run the scratch cluster sign in; the operator gives real ones their passwords anew. */
async function makeRole(client: Client, { name, login }: Role, password: string): Promise<void> {
  const role = client.escapeIdentifier(name);
  const signsIn = login ? `LOGIN PASSWORD ${client.escapeLiteral(password)}` : 'NOLOGIN';
  await client.query(`CREATE ROLE ${role} ${signsIn}`);
}

async function joinGroups(client: Client, { name, memberOf }: Role): Promise<void> {
  for (const group of memberOf) {
    await client.query(
      `GRANT ${client.escapeIdentifier(group)} TO ${client.escapeIdentifier(name)}`,
    );
  }
}

async function makeDatabase(client: Client, manifest: Manifest): Promise<string[]> {
  const { name, collate, ctype } = manifest.database;
  const quoted = client.escapeIdentifier(name);
  const owner = manifest.roles.some((role) => role.name === 'ofitec_owner')
    ? ' OWNER ofitec_owner'
    : '';
  const make = async (how: string): Promise<void> => {
    await client.query(
      `CREATE DATABASE ${quoted}${owner} TEMPLATE template0 ENCODING 'UTF8' ${how}`,
    );
  };
  const locale = `LC_COLLATE ${client.escapeLiteral(collate)} LC_CTYPE ${client.escapeLiteral(ctype)}`;
  let notes: string[] = [];
  try {
    await make(locale);
  } catch (error) {
    // 22023, 42809: the operating system here does not know the locale.
    if (!/locale/.test((error as Error).message)) throw error;
    await make(`LC_COLLATE 'C' LC_CTYPE 'C'`);
    notes = [`the locale ${collate} is not on this host: the copy sorts as C`];
  }
  await client.query(`REVOKE ALL ON DATABASE ${quoted} FROM PUBLIC`);
  for (const role of manifest.roles.filter(({ name }) => /^ofitec_(app|readonly)$/.test(name))) {
    await client.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${quoted} TO ${role.name}`);
  }
  return notes;
}

async function told<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = clientTo(url, { application_name: 'ofitec backup' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
