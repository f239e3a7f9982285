import { join } from 'node:path';
import { Command, Option } from 'commander';
import { aligned, print } from '../secrets/print.js';
import { readBackupPlan } from './config.js';
import type { BackupPlan } from './config.js';
import { takeDump } from './dump.js';
import { PgBackRest } from './physical.js';
import type { PhysicalKind } from './physical.js';
import { BackupPlace, instantOf } from './place.js';
import { progressTo, sizeOf, wordsOf } from './report.js';
import { RestoreTest } from './restore-test.js';
import type { Evidence } from './restore-test.js';
import { Restic } from './restic.js';
import { ping, tell } from './tell.js';
import type { Concern } from './tell.js';

interface Options {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly only?: Exclude<Concern, 'restore-test'>;
  readonly type: 'auto' | PhysicalKind;
  readonly from?: 'offsite' | 'local';
}

/** What one step of a run did. */
interface Done {
  readonly concern: Concern;
  readonly good: boolean;
  readonly sentence: string;
}

/** `ofitec backup run` */
export function runCommand(): Command {
  return new Command('run')
    .description('dump, physical backup, off-site copy, and removal of what is too old')
    .addOption(new Option('--only <step>', 'one step').choices(['dump', 'physical', 'offsite']))
    .addOption(
      new Option('--type <type>', 'of the physical backup; auto: full when one is due')
        .choices(['auto', 'full', 'diff'])
        .default('auto'),
    )
    .option('--dry-run', 'only say what would be done')
    .option('--json', 'print JSON')
    .action(run);
}

/** `ofitec backup setup` */
export function setupCommand(): Command {
  return new Command('setup')
    .description('make folders, off-site repository and stanza where they are missing')
    .option('--dry-run', 'only say what would be made')
    .option('--json', 'print JSON')
    .action(setup);
}

/** `ofitec backup restore-test` */
export function restoreTestCommand(): Command {
  return new Command('restore-test')
    .description('restore the newest copy into a scratch cluster, compare everything, remove it')
    .addOption(
      new Option('--from <where>', 'offsite where there is one').choices(['offsite', 'local']),
    )
    .option('--dry-run', 'only say which copy would be tested')
    .option('--json', 'print JSON')
    .action(restoreTest);
}

async function run({ only, type, dryRun = false, json }: Options): Promise<void> {
  const plan = readBackupPlan(process.env);
  const place = new BackupPlace(plan.folder);
  const progress = progressTo(json);
  const steps = stepsOf(plan, { place, type, progress, dryRun }).filter(
    ([concern]) => only === undefined || only === concern,
  );
  if (steps.length === 0) throw new Error(`${only} is not configured.`);
  const done = await place.locked(async () => {
    const left = dryRun ? [] : place.sweep();
    if (left.length > 0) progress(`swept what a killed run left: ${left.join(', ')}`);
    const done: Done[] = [];
    for (const [concern, work] of steps) {
      done.push(await attempt(plan, concern, work, dryRun));
    }
    return done;
  });
  const rows = done.map(({ concern, good, sentence }) => [
    good ? 'good' : 'BAD',
    concern,
    sentence,
  ]);
  print(done, aligned(rows), json);
  if (done.some(({ good }) => !good)) process.exitCode = 1;
  else if (!dryRun && only === undefined) await ping(plan.ping);
}

/** One step that fails leaves the others to be tried: a full disk here is no reason to have no copy there. */
async function attempt(
  plan: BackupPlan,
  concern: Concern,
  work: () => Promise<string>,
  dryRun: boolean,
): Promise<Done> {
  let done: Done;
  try {
    done = { concern, good: true, sentence: await work() };
  } catch (error) {
    done = { concern, good: false, sentence: wordsOf(error) };
  }
  if (!dryRun) await tell(plan, { concern, good: done.good, label: done.sentence });
  return done;
}

interface Stepping {
  readonly place: BackupPlace;
  readonly type: Options['type'];
  readonly progress: (line: string) => void;
  readonly dryRun: boolean;
}

type Step = [Exclude<Concern, 'restore-test'>, () => Promise<string>];

function stepsOf(plan: BackupPlan, { place, type, progress, dryRun }: Stepping): Step[] {
  const { physical, offsite, maxAgeHours } = plan;
  return [
    ['dump', () => (dryRun ? dryDump(plan, place) : dump(plan, place, progress))],
    ...(physical
      ? ([
          [
            'physical',
            () => back(new PgBackRest(physical, plan), place, type, { progress, dryRun }),
          ],
        ] as Step[])
      : []),
    ...(offsite
      ? ([
          ['offsite', () => copy(new Restic(offsite), place, { progress, dryRun, maxAgeHours })],
        ] as Step[])
      : []),
  ];
}

async function dump(
  plan: BackupPlan,
  place: BackupPlace,
  progress: (line: string) => void,
): Promise<string> {
  const { id, takenAt, dump, tables, database, sha256 } = await takeDump(plan, place, progress);
  place.remember({ installation: database.installation, dump: { id, at: takenAt, sha256 } });
  const gone = place.expire(plan.keepDumps);
  const removed = gone.length > 0 ? `; removed ${gone.join(', ')}` : '';
  return `${id}: ${Object.keys(tables).length} tables, ${sizeOf(dump.bytes)}${removed}`;
}

async function dryDump(plan: BackupPlan, place: BackupPlace): Promise<string> {
  const old = place.expire(plan.keepDumps - 1, true);
  const removed = old.length > 0 ? ` and remove ${old.join(', ')}` : '';
  return `would dump into ${place.dumps}${removed}`;
}

async function back(
  pgbackrest: PgBackRest,
  place: BackupPlace,
  type: Options['type'],
  { progress, dryRun }: Pick<Stepping, 'progress' | 'dryRun'>,
): Promise<string> {
  const kind = type === 'auto' ? await pgbackrest.due() : type;
  if (dryRun) return `would take a ${kind} backup`;
  progress(`physical: pgbackrest backup --type=${kind}`);
  const { label, timestamp } = await pgbackrest.backup(kind);
  place.remember({ physical: { label, at: new Date(timestamp.stop * 1_000).toISOString() } });
  return `${label}: ${kind}`;
}

async function copy(
  restic: Restic,
  place: BackupPlace,
  {
    progress,
    dryRun,
    maxAgeHours,
  }: Pick<Stepping, 'progress' | 'dryRun'> & { maxAgeHours: number },
): Promise<string> {
  const newest = place.finished().at(-1);
  if (newest === undefined) {
    if (dryRun) return 'would copy the dump that was taken before';
    throw new Error('There is no dump to copy.');
  }
  if (dryRun) {
    await restic.expire(true);
    return `would copy the newest dump, as ${newest}, and forget what is too old`;
  }
  const { id, time } = await restic.copy(place.dump(newest), progress);
  place.remember({ offsite: { snapshot: id, at: new Date(time).toISOString() } });
  progress('offsite: forgetting what is too old');
  await restic.expire();
  const hours = (Date.now() - Date.parse(instantOf(newest) ?? '')) / 3_600_000;
  if (hours > maxAgeHours) {
    throw new Error(
      `${newest} was copied, and is ${Math.round(hours)} hours old: there is no newer dump.`,
    );
  }
  return `${newest} is snapshot ${id.slice(0, 8)}`;
}

async function setup({ dryRun = false, json }: Options): Promise<void> {
  const plan = readBackupPlan(process.env);
  const place = new BackupPlace(plan.folder);
  const made: [string, string][] = [[dryRun ? 'would be made' : 'there', plan.folder]];
  if (!dryRun) place.make();
  if (plan.offsite) {
    const isNew = dryRun || (await new Restic(plan.offsite).init());
    made.push([dryRun ? 'would be made' : isNew ? 'made' : 'was there', 'off-site repository']);
  }
  if (plan.physical) {
    if (!dryRun) await new PgBackRest(plan.physical, plan).create();
    made.push([dryRun ? 'would be made' : 'there', `stanza ${plan.physical.stanza}`]);
  }
  print(
    made.map(([state, what]) => ({ what, state })),
    aligned(made),
    json,
  );
}

async function restoreTest({ from, dryRun, json }: Options): Promise<void> {
  const plan = readBackupPlan(process.env);
  const place = new BackupPlace(plan.folder);
  const source = from ?? (plan.offsite ? 'offsite' : 'local');
  if (dryRun) {
    const what = { source, local: place.finished().at(-1) ?? null, scratch: plan.scratch };
    print(what, [`would restore the newest ${source} copy below ${plan.scratch}`], json);
    return;
  }
  const evidence = await place.locked(() =>
    new RestoreTest(plan, { source, progress: progressTo(json) }).run(),
  );
  const file = place.writeEvidence(`restore-test-${evidence.id}.json`, evidence);
  const { good, endedAt: at } = evidence;
  place.remember({ restoreTest: { at, good, dump: evidence.dump } });
  await tell(plan, { concern: 'restore-test', good, label: labelOf(evidence) });
  if (good) await ping(plan.testPing);
  const rows = evidence.looks.map(({ what, good, sentence, seconds }) => [
    ...[good ? 'good' : 'BAD', what, `${seconds} s`, sentence],
  ]);
  print({ ...evidence, file }, [...aligned(rows), `evidence: ${join(file)}`], json);
  if (!good) process.exitCode = 2;
}

function labelOf({ good, dump, looks }: Evidence): string {
  if (good) return `${dump} was restored and holds what it should`;
  const bad = looks.filter((look) => !look.good);
  return bad.map(({ what, sentence }) => `${what}: ${sentence}`).join('; ');
}
