import * as fs from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { aligned, print } from '../secrets/print.js';
import { loadDump } from './cluster.js';
import { giveBackupRoleBack } from './backup-role.js';
import { readBackupPlan } from './config.js';
import type { BackupPlan } from './config.js';
import { differences, DUMP, readManifest, verifyDump } from './manifest.js';
import { PgBackRest } from './physical.js';
import { BackupPlace } from './place.js';
import { progressTo } from './report.js';
import { Restic } from './restic.js';
import { Snapshot } from './snapshot.js';

interface Options {
  readonly into: string;
  readonly to?: string;
  readonly dump?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$/;

/** `ofitec backup restore` */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('restore into a folder that is not there yet; never over a cluster that is')
    .requiredOption('--into <folder>', 'data folder of the new cluster')
    .option('--to <time>', 'point in time, as 2026-11-22T14:05:09-03:00, or latest')
    .option('--dump <id>', 'a dump instead: its id, offsite for the newest copy there, or a folder')
    .option('--dry-run', 'only say what would be restored')
    .option('--json', 'print JSON')
    .action(restore);
}

async function restore(options: Options): Promise<void> {
  const plan = readBackupPlan(process.env);
  const into = resolve(options.into);
  if ((options.to === undefined) === (options.dump === undefined)) {
    throw new Error('Say either --to, a time or latest, or --dump.');
  }
  if (fs.existsSync(into) && fs.readdirSync(into).length > 0) {
    throw new Error(`${into} is not empty: nothing is restored over what is there. Move it aside.`);
  }
  const place = new BackupPlace(plan.folder);
  await place.locked(() =>
    options.to === undefined
      ? fromDump(plan, place, into, options)
      : toInstant(plan, into, options.to, options),
  );
}

async function toInstant(
  plan: BackupPlan,
  into: string,
  to: string,
  { dryRun = false, json }: Options,
): Promise<void> {
  if (!plan.physical) throw new Error('A point in time needs physical backups: BACKUP_STANZA.');
  const at = to === 'latest' ? null : to;
  if (at !== null && (!INSTANT.test(at) || Number.isNaN(Date.parse(at)))) {
    throw new Error('--to is an instant with its offset, as 2026-11-22T14:05:09-03:00, or latest.');
  }
  if (at !== null && Date.parse(at) > Date.now()) throw new Error(`${at} is still to come.`);
  const pgbackrest = new PgBackRest(plan.physical, plan);
  const usable = (await pgbackrest.backups()).filter(
    ({ timestamp }) => at === null || timestamp.stop * 1_000 <= Date.parse(at),
  );
  const backup = usable.at(-1);
  if (!backup) throw new Error(`No physical backup was finished before ${to}.`);
  progressTo(json)(`restore: from ${backup.label} to ${to}`);
  if (!dryRun) await pgbackrest.restore(into, at, backup.label);
  const result = { into, to, backup: backup.label, restored: !dryRun };
  const next = dryRun
    ? `would restore ${backup.label} and replay up to ${to} into ${into}`
    : `${into} holds ${backup.label}; started, it replays up to ${to}, then takes writes.`;
  print(result, [next], json);
}

async function fromDump(
  plan: BackupPlan,
  place: BackupPlace,
  into: string,
  { dump = '', dryRun = false, json }: Options,
): Promise<void> {
  const progress = progressTo(json);
  const fetched = `${into}.fetched`;
  try {
    const folder = await sourceOf(plan, place, dump, fetched);
    const manifest = readManifest(folder);
    progress(`restore: verifying ${manifest.id}`);
    await verifyDump(folder, manifest);
    if (dryRun) {
      print(
        { into, dump: manifest.id, restored: false },
        [`would load ${manifest.id} into ${into}`],
        json,
      );
      return;
    }
    // An empty folder was made for it; the cluster makes its own by a rename.
    if (fs.existsSync(into)) fs.rmdirSync(into);
    const from = {
      file: join(folder, DUMP),
      data: into,
      binaries: plan.binaries,
      jobs: 2,
      fsync: true,
    };
    const { server, databaseUrl, notes } = await loadDump(manifest, from, progress);
    let differing: string[];
    let backupRole: string;
    try {
      progress('restore: comparing every table');
      const found = await Snapshot.open(databaseUrl, (copy) => copy.figures(() => undefined));
      differing = differences(manifest.tables, found);
      backupRole = await giveBackupRoleBack(databaseUrl, plan.databaseUrl);
    } finally {
      await server.stop();
    }
    const tables = Object.keys(manifest.tables).length;
    const rows = [
      ['loaded', `${manifest.id} into ${into}`],
      ['tables', `${tables - differing.length} of ${tables} hold what the manifest says`],
      ['backups', backupRole],
      ...[...notes, ...differing].map((each) => ['note', each]),
      [
        'next',
        'start it, run infra/install.sh (it sets the other passwords), then ofitec audit verify',
      ],
    ];
    const result = { into, dump: manifest.id, restored: true, differing, backupRole, notes };
    print(result, aligned(rows), json);
    if (differing.length > 0) process.exitCode = 2;
  } finally {
    fs.rmSync(fetched, { recursive: true, force: true });
  }
}

async function sourceOf(
  plan: BackupPlan,
  place: BackupPlace,
  dump: string,
  fetched: string,
): Promise<string> {
  if (dump === 'offsite') {
    if (!plan.offsite) throw new Error('There is no off-site copy: BACKUP_RESTIC_REPOSITORY.');
    return new Restic(plan.offsite).fetchNewest(fetched);
  }
  if (place.finished().includes(dump)) return place.dump(dump);
  if (dump.includes('/') && fs.existsSync(dump)) return resolve(dump);
  throw new Error(`There is no dump ${dump}; these are here: ${place.finished().join(', ')}`);
}
