import * as fs from 'node:fs';
import { join } from 'node:path';
import { writeSecretFile } from '../secrets/render/secret-file.js';
import type { BackupPlan } from './config.js';
import { DUMP, hashOfFile, MANIFEST, sealManifest } from './manifest.js';
import type { Manifest } from './manifest.js';
import { stampOf } from './place.js';
import type { BackupPlace } from './place.js';
import { runProgram } from './programs.js';
import { Snapshot } from './snapshot.js';
import { libpqOf } from './url.js';

type Progress = (line: string) => void;

/**
 * Dumps the database and writes its manifest, both of one snapshot. Until the last step everything is
 * in a folder that does not count: nothing half-written takes the place of a good dump.
 *
 * @throws Error, with nothing left behind
 */
export async function takeDump(
  plan: BackupPlan,
  place: BackupPlace,
  progress: Progress,
): Promise<Manifest> {
  const url = plan.databaseUrl;
  if (url === null) throw new Error('BACKUP_DATABASE_URL is unset: there is nothing to dump.');
  const id = stampOf(new Date());
  const folder = place.begin(id);
  try {
    const manifest = await Snapshot.open(url, (snapshot) =>
      dumpOf(snapshot, { plan, place, id, folder, url, progress }),
    );
    // Room is asked of the file system only now: pg_dump's last blocks may still be on their way.
    await runProgram(join(plan.binaries, 'pg_restore'), ['--list', join(folder, DUMP)]);
    writeSecretFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    place.publish(id);
    return manifest;
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Dumping {
  readonly plan: BackupPlan;
  readonly place: BackupPlace;
  readonly id: string;
  readonly folder: string;
  readonly url: string;
  readonly progress: Progress;
}

async function dumpOf(snapshot: Snapshot, dumping: Dumping): Promise<Manifest> {
  const { plan, place, id, folder, url, progress } = dumping;
  const facts = await snapshot.facts();
  const known = place.state().installation;
  if (known !== undefined && known !== facts.database.installation) {
    throw new Error(
      `The database ${facts.database.name} is another installation than the one backed up here so far. ` +
        'Backups of two go into two folders; nothing was dumped.',
    );
  }
  progress('dump: pg_dump');
  const file = join(folder, DUMP);
  const { env, secrets } = libpqOf(url);
  const args = [
    ...['--format=custom', '--no-password', '--lock-wait-timeout=60s', `--file=${file}`],
    `--snapshot=${await snapshot.name()}`,
  ];
  const [dumpedBy] = await Promise.all([
    runProgram(join(plan.binaries, 'pg_dump'), ['--version']),
    runProgram(join(plan.binaries, 'pg_dump'), args, { env, secrets }),
  ]);
  fs.chmodSync(file, 0o600);
  const tables = await snapshot.figures((table) => progress(`dump: counting ${table}`));
  progress('dump: reading it back');
  const dump = { file: DUMP, bytes: fs.statSync(file).size, sha256: await hashOfFile(file) };
  return sealManifest({ id, ...facts, dumpedBy: dumpedBy.trim(), tables, dump });
}
