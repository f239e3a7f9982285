import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Offsite } from './config.js';
import { DamagedBackup, MANIFEST } from './manifest.js';
import { ProgramFailed, runProgram } from './programs.js';

/** Of restic's own variables those of its storage are handed on; none of ours is. */
const STORAGE = ['AWS_', 'AZURE_', 'B2_', 'GOOGLE_', 'OS_', 'ST_', 'RCLONE_', 'RESTIC_'];
export const DUMPS_TAG = 'ofitec-dump';
const FILES_TAG = 'ofitec-files';

/** A stored copy. */
export interface Copy {
  readonly id: string;
  readonly time: string;
  readonly tags: readonly string[];
  readonly paths: readonly string[];
}

/** The encrypted repository elsewhere. What it holds cannot be read or altered without its password. */
export class Restic {
  constructor(private readonly offsite: Offsite) {}

  /** Makes the repository, once; one that is there is left as it is. @returns whether it was made */
  async init(): Promise<boolean> {
    try {
      await this.run('init');
      return true;
    } catch (error) {
      if (/already (exists|initialized)/.test((error as Error).message)) return false;
      throw error;
    }
  }

  /** Copies a dump's folder, and further folders. @returns the snapshot of the dump */
  async copy(dump: string, progress: (line: string) => void): Promise<Copy> {
    // Locks of processes that are gone; those of living ones stay.
    await this.run('unlock');
    progress('offsite: copying the dump');
    await this.run('backup', '--quiet', '--tag', DUMPS_TAG, dump);
    if (this.offsite.paths.length > 0) {
      progress('offsite: copying further folders');
      await this.run('backup', '--quiet', '--tag', FILES_TAG, ...this.offsite.paths);
    }
    const newest = await this.newest(DUMPS_TAG);
    if (!newest?.paths.includes(dump)) throw new Error('restic: the copy is not listed.');
    return newest;
  }

  /**
   * Forgets what is older than its keeping, and gives the room back. Only what was copied here: what others
   * keep in the repository is theirs, and each host counts for itself.
   */
  async expire(dryRun = false): Promise<void> {
    const { daily, weekly, monthly } = this.offsite.keep;
    await this.run(
      ...['forget', '--prune', '--tag', DUMPS_TAG, '--tag', FILES_TAG, '--group-by', 'host,tags'],
      ...['--keep-daily', `${daily}`, '--keep-weekly', `${weekly}`, '--keep-monthly', `${monthly}`],
      ...(dryRun ? ['--dry-run'] : []),
    );
  }

  async newest(tag: string): Promise<Copy | null> {
    const out = await this.run('snapshots', '--json', '--tag', tag);
    const copies = JSON.parse(out || '[]') as (Omit<Copy, 'tags'> & { tags?: string[] })[];
    const all = copies.map((copy) => ({ ...copy, tags: copy.tags ?? [] }));
    return all.sort((a, b) => (a.time < b.time ? -1 : 1)).at(-1) ?? null;
  }

  /**
   * Brings the newest copy of a dump into a folder.
   *
   * @returns the folder with dump and manifest
   * @throws DamagedBackup when there is none, or it cannot be read back whole
   */
  async fetchNewest(target: string): Promise<string> {
    const newest = await this.newest(DUMPS_TAG);
    if (!newest) throw new DamagedBackup('The off-site repository holds no dump.');
    await this.run('restore', newest.id, '--target', target);
    const folder = findManifest(target);
    if (folder === null) throw new DamagedBackup(`The copy ${newest.id} holds no manifest.`);
    return folder;
  }

  /** Reads everything that is stored, and checks each byte. @throws DamagedBackup */
  async check(): Promise<void> {
    await this.run('check', '--read-data');
  }

  /** Repository and password go by environment and file: arguments are seen by everybody. */
  private async run(...args: string[]): Promise<string> {
    const { repository, passwordFile } = this.offsite;
    try {
      return await runProgram('restic', ['--no-cache', ...args], {
        as: `restic ${args[0]}`,
        inherit: STORAGE,
        env: { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD_FILE: passwordFile },
        secrets: secretsOf(passwordFile),
      });
    } catch (error) {
      throw error instanceof ProgramFailed ? inOurWords(error) : error;
    }
  }
}

/** What restic means, for whoever is called at night. */
function inOurWords(error: ProgramFailed): Error {
  const { said, message } = error;
  if (/wrong password|no key found/i.test(said)) {
    return new DamagedBackup(
      'The password does not open the off-site repository: it is lost, or another one. ' +
        'Older versions are in Vault (infra/secrets/rotation.md); without one nothing there can be read.',
    );
  }
  if (
    /config.*does not exist|unable to open (config|repository)|is there a repository/i.test(said)
  ) {
    return new DamagedBackup(`There is no off-site repository: ${message}`);
  }
  if (
    /ciphertext|damaged|corrupt|does not match|invalid data|truncated|contains errors|missing|not found|EOF|no such file|hash/i.test(
      said,
    )
  ) {
    return new DamagedBackup(`The off-site repository is damaged. ${message}`);
  }
  return error;
}

function findManifest(folder: string): string | null {
  if (existsSync(join(folder, MANIFEST))) return folder;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const found = entry.isDirectory() ? findManifest(join(folder, entry.name)) : null;
    if (found !== null) return found;
  }
  return null;
}

function secretsOf(file: string): string[] {
  try {
    const password = readFileSync(file, 'utf8').trim();
    return password === '' ? [] : [password];
  } catch {
    return [];
  }
}
