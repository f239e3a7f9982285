import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { Config, integer, list, text, url } from '#kernel';
import type { ConfigValues } from '#kernel';

const backupConfig = {
  BACKUP_DIR: text({ summary: 'folder of dumps, evidence and state; for this user alone' }),
  BACKUP_DATABASE_URL: url({
    summary: 'the database as ofitec_backup: reads everything, writes nothing',
    protocols: ['postgres:', 'postgresql:'],
  }),
  BACKUP_POSTGRES_BIN: text({ summary: 'folder with pg_dump, pg_restore, initdb, pg_resetwal' }),
  BACKUP_SCRATCH_DIR: text({ summary: 'folder for restore tests; below BACKUP_DIR unless told' }),
  BACKUP_KEEP_DUMPS: integer({ summary: 'dumps kept here', fallback: 7, min: 1, max: 400 }),
  BACKUP_MAX_AGE_HOURS: integer({
    summary: 'hours after which the last backup of a kind is late',
    fallback: 26,
    min: 1,
    max: 744,
  }),
  BACKUP_TEST_MAX_AGE_DAYS: integer({
    summary: 'days after which the last restore test is late',
    fallback: 32,
    min: 1,
    max: 366,
  }),
  BACKUP_STANZA: text({ summary: 'stanza of pgBackRest; unset: no physical backups' }),
  BACKUP_PGBACKREST_CONFIG: text({ summary: 'configuration file of pgBackRest' }),
  BACKUP_OS_USER: text({ summary: 'owner of the cluster, where this runs as root' }),
  BACKUP_FULL_EVERY_DAYS: integer({
    summary: 'days after which a full physical backup is taken instead of a differential one',
    fallback: 7,
    min: 1,
    max: 90,
  }),
  BACKUP_RESTIC_REPOSITORY: text({ summary: 'restic repository off-site', secret: true }),
  BACKUP_RESTIC_PASSWORD_FILE: text({ summary: 'file with its password' }),
  BACKUP_RESTIC_KEEP_DAILY: integer({ summary: 'daily copies', fallback: 14, min: 1, max: 999 }),
  BACKUP_RESTIC_KEEP_WEEKLY: integer({ summary: 'weekly copies', fallback: 8, min: 0, max: 999 }),
  BACKUP_RESTIC_KEEP_MONTHLY: integer({
    summary: 'monthly copies; six years is what the Código Tributario asks for',
    fallback: 72,
    min: 0,
    max: 999,
  }),
  BACKUP_OFFSITE_PATHS: list({ summary: 'further folders of the off-site copy' }),
  BACKUP_ALERT_SPOOL: text({ summary: 'ALERT_SPOOL of a worker on this host' }),
  BACKUP_SIGNAL_URL: text({ summary: '…/operational-alerts/sources/NAME/signals of the ERP' }),
  BACKUP_SIGNAL_TOKEN: text({ summary: 'token of that source', secret: true }),
  BACKUP_PING_URL: text({ summary: '…/heartbeats/backup/ping, told of each good run' }),
  BACKUP_PING_TOKEN: text({ summary: 'token of that heartbeat', secret: true }),
  BACKUP_TEST_PING_URL: text({ summary: '…/heartbeats/backup-restore/ping' }),
  BACKUP_TEST_PING_TOKEN: text({ summary: 'token of that heartbeat', secret: true }),
};

type Variables = ConfigValues<typeof backupConfig>;
type Environment = Readonly<Record<string, string | undefined>>;

/** The physical backups of a cluster. */
export interface Physical {
  readonly stanza: string;
  readonly configFile: string | null;
  readonly fullEveryDays: number;
}

/** The encrypted copy elsewhere. */
export interface Offsite {
  readonly repository: string;
  readonly passwordFile: string;
  readonly keep: { readonly daily: number; readonly weekly: number; readonly monthly: number };
  readonly paths: readonly string[];
}

/** An address that is told of something, and what proves us to it. */
export interface Door {
  readonly url: string;
  readonly token: string;
}

/** What is backed up, to where, and who is told. */
export interface BackupPlan {
  readonly folder: string;
  readonly scratch: string;
  /** Null where only stored backups are looked at. */
  readonly databaseUrl: string | null;
  readonly binaries: string;
  readonly keepDumps: number;
  readonly maxAgeHours: number;
  readonly testMaxAgeDays: number;
  readonly osUser: string | null;
  readonly physical: Physical | null;
  readonly offsite: Offsite | null;
  readonly alertSpool: string | null;
  readonly signal: Door | null;
  readonly ping: Door | null;
  readonly testPing: Door | null;
}

/** Faults of the configuration, all at once; none names a value. */
class BackupMisconfigured extends Error {
  constructor(faults: readonly string[]) {
    super(['Backups are not configured:', ...faults.map((each) => `  · ${each}`)].join('\n'));
  }
}

/** @throws BackupMisconfigured */
export function readBackupPlan(env: Environment): BackupPlan {
  const { config, faults } = Config.read([backupConfig], env);
  const read = config.of(backupConfig);
  const folder = resolve(read.BACKUP_DIR ?? '.');
  if (!read.BACKUP_DIR) faults.push('BACKUP_DIR is unset');
  const door = (name: string, to: string | undefined, token: string | undefined): Door | null => {
    if (!to) return null;
    const isFine = URL.canParse(to) && /^https?:$/.test(new URL(to).protocol);
    if (!isFine) faults.push(`${name}_URL must be an address of http or https`);
    if (!token) faults.push(`${name}_URL needs ${name}_TOKEN or ${name}_TOKEN_FILE`);
    return { url: to, token: token ?? '' };
  };
  const plan: BackupPlan = {
    folder,
    scratch: resolve(read.BACKUP_SCRATCH_DIR ?? join(folder, 'scratch')),
    databaseUrl: read.BACKUP_DATABASE_URL ?? null,
    binaries: resolve(read.BACKUP_POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin'),
    keepDumps: read.BACKUP_KEEP_DUMPS,
    maxAgeHours: read.BACKUP_MAX_AGE_HOURS,
    testMaxAgeDays: read.BACKUP_TEST_MAX_AGE_DAYS,
    osUser: userOf(read, faults),
    physical: read.BACKUP_STANZA
      ? {
          stanza: read.BACKUP_STANZA,
          configFile: read.BACKUP_PGBACKREST_CONFIG ?? null,
          fullEveryDays: read.BACKUP_FULL_EVERY_DAYS,
        }
      : null,
    offsite: offsiteOf(read, faults),
    alertSpool: read.BACKUP_ALERT_SPOOL ?? null,
    signal: door('BACKUP_SIGNAL', read.BACKUP_SIGNAL_URL, read.BACKUP_SIGNAL_TOKEN),
    ping: door('BACKUP_PING', read.BACKUP_PING_URL, read.BACKUP_PING_TOKEN),
    testPing: door('BACKUP_TEST_PING', read.BACKUP_TEST_PING_URL, read.BACKUP_TEST_PING_TOKEN),
  };
  if (faults.length > 0) throw new BackupMisconfigured(faults);
  return plan;
}

/** pgBackRest and PostgreSQL work as whoever owns the cluster; only root may become somebody else. */
function userOf({ BACKUP_OS_USER: wanted }: Variables, faults: string[]): string | null {
  if (!wanted) return null;
  if (!/^[a-z0-9_][a-z0-9_-]{0,31}$/.test(wanted)) faults.push('BACKUP_OS_USER is no user');
  if (process.getuid?.() === 0) return wanted;
  const { username, uid } = userInfo();
  if (wanted !== username && wanted !== String(uid)) {
    faults.push(`BACKUP_OS_USER is somebody else than ${username}: run as that user`);
  }
  return null;
}

function offsiteOf(read: Variables, faults: string[]): Offsite | null {
  const { BACKUP_RESTIC_REPOSITORY: repository, BACKUP_RESTIC_PASSWORD_FILE: file } = read;
  if (!repository) return null;
  if (!file) faults.push('BACKUP_RESTIC_REPOSITORY needs BACKUP_RESTIC_PASSWORD_FILE');
  const keep = {
    daily: read.BACKUP_RESTIC_KEEP_DAILY,
    weekly: read.BACKUP_RESTIC_KEEP_WEEKLY,
    monthly: read.BACKUP_RESTIC_KEEP_MONTHLY,
  };
  return { repository, passwordFile: file ?? '', keep, paths: read.BACKUP_OFFSITE_PATHS };
}
