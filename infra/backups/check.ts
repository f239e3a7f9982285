import { join } from 'node:path';
import { Command } from 'commander';
import { aligned, print } from '../secrets/print.js';
import { readBackupPlan } from './config.js';
import type { BackupPlan } from './config.js';
import { DUMP, readManifest, verifyDump } from './manifest.js';
import { PgBackRest } from './physical.js';
import { BackupPlace } from './place.js';
import { runProgram } from './programs.js';
import { progressTo, wordsOf } from './report.js';
import { Restic } from './restic.js';
import { tell } from './tell.js';
import type { Concern } from './tell.js';

interface Checked {
  readonly concern: Concern;
  readonly what: string;
  readonly good: boolean;
  readonly sentence: string;
}

interface Options {
  readonly json?: boolean;
  readonly quick?: boolean;
}

/** `ofitec backup check` */
export function checkCommand(): Command {
  return new Command('check')
    .description('read everything that is stored, byte by byte; exit 2 when anything is damaged')
    .option('--quick', 'only what is here and the archive, not every byte elsewhere')
    .option('--json', 'print JSON')
    .action(check);
}

async function check({ quick = false, json }: Options): Promise<void> {
  const plan = readBackupPlan(process.env);
  const place = new BackupPlace(plan.folder);
  const checked = await place.locked(() => checkAll(plan, place, quick, progressTo(json)));
  const concerns = [...new Set(checked.map(({ concern }) => concern))];
  for (const concern of concerns) {
    const bad = checked.filter((each) => each.concern === concern && !each.good);
    // Good is only what a run says: a check finds what is stored whole and not that it is recent.
    const label = bad.map(({ sentence }) => sentence).join('; ');
    if (bad.length > 0) await tell(plan, { concern, good: false, label });
  }
  const rows = checked.map(({ good, what, sentence }) => [good ? 'good' : 'BAD', what, sentence]);
  print(checked, aligned(rows), json);
  if (checked.some(({ good }) => !good)) process.exitCode = 2;
}

async function checkAll(
  plan: BackupPlan,
  place: BackupPlace,
  quick: boolean,
  progress: (line: string) => void,
): Promise<Checked[]> {
  const all: Checked[] = [];
  const look = async (
    concern: Concern,
    what: string,
    work: () => Promise<string>,
  ): Promise<void> => {
    progress(`check: ${what}`);
    try {
      all.push({ concern, what, good: true, sentence: await work() });
    } catch (error) {
      all.push({ concern, what, good: false, sentence: wordsOf(error) });
    }
  };
  const dumps = place.finished();
  if (dumps.length === 0) {
    await look('dump', 'dumps', async () => Promise.reject(new Error('There is no dump.')));
  }
  for (const id of dumps) await look('dump', id, () => checkDump(plan, place.dump(id)));
  const { physical, offsite } = plan;
  if (physical) {
    const pgbackrest = new PgBackRest(physical, plan);
    await look('physical', 'archive', () => pgbackrest.check().then(() => 'a segment came in'));
    if (!quick) {
      await look('physical', 'physical backups', () => pgbackrest.verify().then(() => 'whole'));
    }
  }
  if (offsite && !quick) {
    await look('offsite', 'off-site', () => new Restic(offsite).check().then(() => 'whole'));
  }
  return all;
}

async function checkDump({ binaries }: BackupPlan, folder: string): Promise<string> {
  const manifest = readManifest(folder);
  await verifyDump(folder, manifest);
  await runProgram(join(binaries, 'pg_restore'), ['--list', join(folder, DUMP)]);
  return `${Object.keys(manifest.tables).length} tables`;
}
