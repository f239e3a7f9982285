import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as Connection } from 'pg';
import type { QueryResultRow } from 'pg';
import { House } from './house.js';
import { run } from './process.js';
import type { Ended, Program } from './process.js';
import { startOwnServer } from './server.js';
import type { OwnServer } from './server.js';

export const PG15 = '/usr/lib/postgresql/15/bin';

/** One line of what the command says with `--json`. */
export interface Standing {
  readonly concern: string;
  readonly good?: boolean;
  readonly state?: string;
  readonly sentence: string;
}

/** A PostgreSQL 15 with the demo shop, and a host that backs it up with the shipped command. */
export class BackupLab {
  private constructor(
    readonly server: OwnServer,
    readonly folder: string,
  ) {}

  static async open(settings: Readonly<Record<string, string>> = {}): Promise<BackupLab> {
    const server = await startOwnServer({ binaries: PG15, settings });
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-test-backup-'));
    chmodSync(folder, 0o755);
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

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    return run(process.execPath, [join('dist', 'infra', 'backup', 'main.js'), ...args], {
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

function host(): string {
  return readFileSync('/proc/sys/kernel/hostname', 'utf8')
    .trim()
    .replaceAll(/[^\w.-]/g, '_');
}
