import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Command } from 'commander';
import { aligned, print } from '../secrets/print.js';
import { readBackupPlan } from './config.js';
import type { BackupPlan } from './config.js';
import { readManifest } from './manifest.js';
import { PgBackRest } from './physical.js';
import { BackupPlace, instantOf } from './place.js';
import { sizeOf, wordsOf } from './report.js';
import { DUMPS_TAG, Restic } from './restic.js';
import { tell } from './tell.js';
import type { Concern } from './tell.js';

/** How one kind of backup stands. */
interface Standing {
  readonly concern: Concern;
  readonly state: 'good' | 'late' | 'bad';
  readonly at: string | null;
  readonly sentence: string;
}

interface Options {
  readonly json?: boolean;
  readonly tell?: boolean;
}

const HOUR_MS = 3_600_000;

/** `ofitec backup status` */
export function statusCommand(): Command {
  return new Command('status')
    .description('age of the last backup of each kind; exit 0 good, 2 when one is late or bad')
    .option('--tell', 'also raise or clear backup.missing')
    .option('--json', 'print JSON')
    .action(status);
}

async function status(options: Options): Promise<void> {
  const plan = readBackupPlan(process.env);
  const place = new BackupPlace(plan.folder);
  const standings = [
    await looked('dump', async () => dumpStanding(plan, place)),
    ...(plan.physical ? [await looked('physical', () => physicalStanding(plan))] : []),
    ...(plan.offsite ? [await looked('offsite', () => offsiteStanding(plan))] : []),
    await looked('restore-test', async () => testStanding(plan, place)),
  ];
  for (const { concern, state, sentence } of options.tell ? standings : []) {
    await tell(plan, { concern, good: state === 'good', label: sentence });
  }
  const rows = standings.map(({ concern, state, at, sentence }) => [
    ...[state, concern, at ?? 'never', sentence],
  ]);
  print(standings, aligned(rows), options.json);
  if (standings.some(({ state }) => state !== 'good')) process.exitCode = 2;
}

type Look = Omit<Standing, 'concern'>;

async function looked(concern: Concern, look: () => Promise<Look>): Promise<Standing> {
  try {
    return { concern, ...(await look()) };
  } catch (error) {
    return { concern, state: 'bad', at: null, sentence: wordsOf(error) };
  }
}

function dumpStanding({ maxAgeHours }: BackupPlan, place: BackupPlace): Look {
  if (!existsSync(place.folder)) throw new Error(`${place.folder} is not there`);
  const newest = place.finished().at(-1);
  if (newest === undefined) return { state: 'late', at: null, sentence: 'no dump was ever taken' };
  const { takenAt, dump } = readManifest(place.dump(newest));
  return aged(takenAt, maxAgeHours, `${newest}, ${sizeOf(dump.bytes)}`);
}

async function physicalStanding(plan: BackupPlan): Promise<Look> {
  if (!plan.physical) throw new Error('not configured');
  const stanza = await new PgBackRest(plan.physical, plan).stanza();
  const newest = stanza?.backup.at(-1);
  if (!stanza || !newest) return { state: 'late', at: null, sentence: 'no backup was ever taken' };
  if (stanza.status.code !== 0) throw new Error(stanza.status.message);
  const at = new Date(newest.timestamp.stop * 1_000).toISOString();
  const archived = stanza.archive.at(-1)?.max ?? 'nothing';
  return aged(at, plan.maxAgeHours, `${newest.label}; archive up to ${archived}`);
}

async function offsiteStanding(plan: BackupPlan): Promise<Look> {
  if (!plan.offsite) throw new Error('not configured');
  const newest = await new Restic(plan.offsite).newest(DUMPS_TAG);
  if (!newest) return { state: 'late', at: null, sentence: 'nothing was ever copied' };
  // As old as the dump in it: one that is copied again every night grows no younger.
  const dump = newest.paths.map((path) => basename(path)).find((name) => instantOf(name) !== null);
  const at = instantOf(dump ?? '') ?? new Date(newest.time).toISOString();
  return aged(at, plan.maxAgeHours, `snapshot ${newest.id.slice(0, 8)} of ${dump ?? 'a dump'}`);
}

function testStanding({ testMaxAgeDays }: BackupPlan, place: BackupPlace): Look {
  const { restoreTest } = place.state();
  if (!restoreTest) return { state: 'late', at: null, sentence: 'no restore was ever tested' };
  const { at, good, dump } = restoreTest;
  if (!good) return { state: 'bad', at, sentence: `the test of ${dump || 'the copy'} failed` };
  return aged(at, testMaxAgeDays * 24, `${dump} was restored`);
}

/** An instant ahead of the clock is as suspicious as an old one. */
function aged(at: string, maxHours: number, what: string): Look {
  const hours = (Date.now() - Date.parse(at)) / HOUR_MS;
  const isFine = hours >= -1 && hours <= maxHours;
  const sentence = isFine ? what : `${what}: ${Math.round(hours)} hours old, ${maxHours} at most`;
  return { state: isFine ? 'good' : 'late', at, sentence };
}
