import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import type { QueryResultRow } from 'pg';
import { PostgresServer } from '#kernel';
import { House } from './house.js';
import { freePort } from './listening.js';
import { run } from './process.js';
import type { Ended, Program } from './process.js';
import { startOwnServer } from './server.js';
import type { OwnServer } from './server.js';

export const PG15 = '/usr/lib/postgresql/15/bin';
/** Whom the kernel runs a server as, where a test is root. */
const NOBODY = 65_534;

/** One line of what the command says with `--json`. */
export interface Standing {
  readonly concern: string;
  readonly good?: boolean;
  readonly state?: string;
  readonly sentence: string;
}

/** What a restore test says with `--json`. */
export interface RestoreEvidence {
  readonly good: boolean;
  readonly dump: string;
  readonly source: string;
  readonly tables: number;
  readonly file: string;
  readonly looks: readonly { what: string; good: boolean; sentence: string }[];
}

/** What happens to files of a backup; owner and mode stay. */
export const DAMAGES = [
  ['corrupt', flip],
  ['truncated', (path: string): void => truncateSync(path, Math.floor(statSync(path).size / 2))],
  ['empty', (path: string): void => truncateSync(path, 0)],
  ['missing', (path: string): void => rmSync(path)],
] as const;

/** A PostgreSQL 15 with the demo shop, and a host that backs it up with the shipped command. */
export class BackupLab {
  private constructor(
    readonly server: OwnServer,
    readonly folder: string,
  ) {}

  /** @param archiveSeconds with pgBackRest, and a segment of the log at least so often */
  static async open({ archiveSeconds }: { archiveSeconds?: number } = {}): Promise<BackupLab> {
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-test-backup-'));
    chmodSync(folder, 0o755);
    const settings = archiveSeconds ? await archiving(folder, archiveSeconds) : {};
    mkdirSync(join(folder, 'pg'));
    const server = await startOwnServer({ binaries: PG15, folder: join(folder, 'pg'), settings });
    const lab = new BackupLab(server, folder);
    for (const name of ['backups', 'spool']) mkdirSync(lab.file(name), { mode: 0o700 });
    lab.write('restic-password', 'the password of the repository elsewhere');
    const sql = readFileSync('infra/postgresql/backup.sql', 'utf8').replaceAll(
      ':"database"',
      'ofitec',
    );
    await lab.rows(sql);
    await lab.rows(`ALTER ROLE ofitec_backup PASSWORD 'of-the-backup-role'`);
    return lab;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** The dumps that are there, oldest first. */
  dumps(): string[] {
    return readdirSync(join(this.file('backups'), 'dumps')).sort();
  }

  /** The largest file below a folder. */
  largest(folder: string): string {
    const files = readdirSync(folder, { recursive: true })
      .map((name) => join(folder, String(name)))
      .filter((path) => statSync(path).isFile())
      .sort((a, b) => statSync(b).size - statSync(a).size);
    return files[0] ?? '';
  }

  /** Does work over a damaged file, and puts it back as it was. */
  async damaged<T>(
    path: string,
    damage: (path: string) => void,
    work: () => Promise<T>,
  ): Promise<T> {
    const whole = readFileSync(path);
    const { mode, uid, gid } = statSync(path);
    damage(path);
    try {
      return await work();
    } finally {
      rmSync(path, { force: true });
      writeFileSync(path, whole, { mode });
      chownSync(path, uid, gid);
    }
  }

  write(name: string, text: string): void {
    writeFileSync(this.file(name), text, { mode: 0o600 });
  }

  /** What the host is told, as an operator writes it into backup.env. */
  get env(): Record<string, string> {
    const url = new URL(this.server.urls.superuser);
    url.username = 'ofitec_backup';
    url.password = 'of-the-backup-role';
    this.write('database-url', url.href);
    return {
      BACKUP_DIR: this.file('backups'),
      BACKUP_DATABASE_URL_FILE: this.file('database-url'),
      BACKUP_POSTGRES_BIN: PG15,
      BACKUP_ALERT_SPOOL: this.file('spool'),
    };
  }

  get offsite(): Record<string, string> {
    return {
      BACKUP_RESTIC_REPOSITORY: this.file('repository'),
      BACKUP_RESTIC_PASSWORD_FILE: this.file('restic-password'),
    };
  }

  get physical(): Record<string, string> {
    return {
      BACKUP_STANZA: 'ofitec',
      BACKUP_PGBACKREST_CONFIG: this.file('pgbackrest.conf'),
      BACKUP_OS_USER: `${NOBODY}`,
      PGPASSFILE: this.file('pgpass'),
    };
  }

  /** Starts a cluster that was made from a dump, and gives its roles the passwords of the tests. */
  async startCopy(data: string): Promise<{
    urls: { application: string; owner: string };
    stop: () => Promise<void>;
  }> {
    // Whoever owns the folder may sign in without a password: nobody knows the one it was made with.
    const hba = join(data, 'pg_hba.conf');
    writeFileSync(hba, 'host all all 127.0.0.1/32 trust\n');
    const server = await PostgresServer.start({ binaries: PG15, data, password: 'any' });
    return {
      urls: {
        application: server.url('ofitec_app', 'any', 'ofitec'),
        owner: server.url('ofitec_owner', 'any', 'ofitec'),
      },
      stop: () => server.stop(),
    };
  }

  /** Starts a cluster that was restored, and waits until it takes writes. */
  async startRestored(data: string): Promise<PostgresServer> {
    const settings = { archive_mode: 'off', unix_socket_directories: '' };
    const options = { binaries: PG15, data, password: 'test', settings };
    const server = await PostgresServer.start(options);
    for (let tries = 0; tries < 600; tries += 1) {
      const [row] = await this.rows<{ is: boolean }>(
        'SELECT pg_is_in_recovery() AS is',
        server.superuserUrl(),
      );
      if (row?.is === false) return server;
      await sleep(100);
    }
    throw new Error('The restored cluster does not leave its recovery.');
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    return run(process.execPath, [join('dist', 'infra', 'backups', 'main.js'), ...args], {
      env: { ...this.env, ...env },
    });
  }

  /** `ofitec backup …` to its end. */
  async backup(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    return this.start(args, env).end();
  }

  /** Commands as a person types them at this host's shell. */
  async shell(text: string, env: Readonly<Record<string, string>>): Promise<Ended> {
    const bin = this.file('bin');
    mkdirSync(bin, { recursive: true });
    const line = `exec ${process.execPath} ${resolve('dist/src/cli.js')} "$@"`;
    writeFileSync(join(bin, 'ofitec'), `#!/bin/bash\n${line}\n`, { mode: 0o755 });
    const path = `${bin}:${process.env['PATH'] ?? ''}`;
    return run('bash', ['-eu', '-c', text], { env: { ...this.env, ...env, PATH: path } }).end();
  }

  /** What it says with `--json`, and how it ended. */
  async told<T>(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number | null; said: T; output: string }> {
    const { code, output } = await this.backup([...args, '--json'], env);
    try {
      return { code, said: JSON.parse(output) as T, output };
    } catch (error) {
      throw new Error(output, { cause: error });
    }
  }

  /** Rows of the database that is backed up, as its superuser. */
  async rows<R extends QueryResultRow>(
    sql: string,
    url = this.server.urls.superuser,
  ): Promise<R[]> {
    const client = new Connection({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<R>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** The ERP over a database; the lab's own unless told. */
  async house(urls: { application: string; owner: string } = this.server.urls): Promise<House> {
    return House.over(null, { ...urls, readonly: '', superuser: '' });
  }

  /** The alert that is spooled for a concern: whether it is a good sign; null when there is none. */
  alert(concern: string): { good: boolean; label: string } | null {
    try {
      const name = `infra-backup.missing-${host()}_${concern}.json`;
      return JSON.parse(readFileSync(join(this.file('spool'), name), 'utf8')) as {
        good: boolean;
        label: string;
      };
    } catch {
      return null;
    }
  }

  async close(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Settings of a server that archives with the shipped configuration of pgBackRest, in this folder. */
async function archiving(folder: string, seconds: number): Promise<Record<string, string>> {
  const port = await freePort();
  const config = join(folder, 'pgbackrest.conf');
  const shipped = readFileSync('infra/backups/pgbackrest.conf', 'utf8');
  const here = shipped
    .replace('/var/lib/postgresql/15/main', join(folder, 'pg', 'postgres'))
    .replace('/var/run/postgresql', join(folder, 'socket'))
    .replace('pg1-port=5432', `pg1-port=${port}`)
    .replace('# repo1-cipher-pass=', 'repo1-cipher-pass=a passphrase of the tests')
    .replaceAll(/=\/(var\/lib|var\/log|tmp|var\/spool)\/pgbackrest/g, `=${folder}/$1/pgbackrest`);
  writeFileSync(config, here, { mode: 0o600 });
  const password = `*:${port}:*:postgres:test\n`;
  writeFileSync(join(folder, 'pgpass'), password, { mode: 0o600 });
  for (const name of ['socket', 'restored', 'var/lib', 'var/log', 'var/spool', 'tmp']) {
    mkdirSync(join(folder, name, 'pgbackrest'), { recursive: true });
    chownSync(join(folder, name, 'pgbackrest'), NOBODY, NOBODY);
    chownSync(join(folder, name), NOBODY, NOBODY);
  }
  for (const name of ['pgbackrest.conf', 'pgpass']) chownSync(join(folder, name), NOBODY, NOBODY);
  return {
    port: String(port),
    unix_socket_directories: join(folder, 'socket'),
    archive_mode: 'on',
    archive_command: `pgbackrest --config=${config} --stanza=ofitec archive-push %p`,
    archive_timeout: String(seconds),
  };
}

/** Another byte in the middle. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
}

function host(): string {
  return readFileSync('/proc/sys/kernel/hostname', 'utf8')
    .trim()
    .replaceAll(/[^\w.-]/g, '_');
}
