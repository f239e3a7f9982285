import * as fs from 'node:fs';
import { join } from 'node:path';
import { ProcessLock, syncFolder } from '#kernel/basics';
import { writeSecretFile } from '../secrets/render/secret-file.js';

const STAMP = /^\d{8}T\d{6}Z$/;
const PARTIAL = '.partial-';

/** What this host remembers from one run to the next. */
export interface BackupState {
  /** The installation that is backed up here: a dump of another one is not taken for it. */
  readonly installation?: string;
  readonly dump?: { readonly id: string; readonly at: string; readonly sha256: string };
  readonly physical?: { readonly label: string; readonly at: string };
  readonly offsite?: { readonly snapshot: string; readonly at: string };
  readonly restoreTest?: { readonly at: string; readonly good: boolean; readonly dump: string };
}

/** Somebody else backs up or tests here. */
class BackupBusy extends Error {}

/** The folder of the backups: `dumps/<instant>/`, `evidence/`, `state.json`, `lock`. */
export class BackupPlace {
  constructor(readonly folder: string) {}

  get dumps(): string {
    return join(this.folder, 'dumps');
  }

  get evidence(): string {
    return join(this.folder, 'evidence');
  }

  /** Makes what is missing, for this user alone. */
  make(): void {
    for (const folder of [this.folder, this.dumps, this.evidence]) {
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
  }

  /** Finished dumps, oldest first. */
  finished(): string[] {
    return this.names().filter((name) => STAMP.test(name));
  }

  dump(id: string): string {
    return join(this.dumps, id);
  }

  /** A folder for a dump that is not finished; {@link publish} gives it its name. */
  begin(id: string): string {
    const folder = join(this.dumps, `${PARTIAL}${id}`);
    fs.mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /** From here on the dump counts: a rename is whole or has not been. */
  publish(id: string): void {
    fs.renameSync(join(this.dumps, `${PARTIAL}${id}`), this.dump(id));
    syncFolder(this.dumps);
  }

  /** Removes what runs that were killed left behind. @returns their names */
  sweep(): string[] {
    const left = this.names().filter((name) => name.startsWith(PARTIAL));
    for (const name of left) fs.rmSync(join(this.dumps, name), { recursive: true, force: true });
    return left;
  }

  /** Removes all but the newest so many. @returns what was (or would be) removed */
  expire(keep: number, dryRun = false): string[] {
    const all = this.finished();
    const old = all.slice(0, Math.max(0, all.length - keep));
    for (const id of dryRun ? [] : old) fs.rmSync(this.dump(id), { recursive: true });
    return old;
  }

  state(): BackupState {
    try {
      return JSON.parse(fs.readFileSync(join(this.folder, 'state.json'), 'utf8')) as BackupState;
    } catch (error) {
      if (error instanceof SyntaxError || isAbsent(error)) return {};
      throw error;
    }
  }

  remember(news: BackupState): void {
    const all = { ...this.state(), ...news };
    writeSecretFile(join(this.folder, 'state.json'), `${JSON.stringify(all, null, 2)}\n`);
  }

  writeEvidence(name: string, content: object): string {
    const file = join(this.evidence, name);
    writeSecretFile(file, `${JSON.stringify(content, null, 2)}\n`);
    return file;
  }

  /**
   * One runner at a time; one that was killed is taken over at once.
   *
   * @throws BackupBusy
   */
  async locked<T>(work: () => Promise<T>): Promise<T> {
    this.make();
    const lock = new ProcessLock(join(this.folder, 'lock'));
    const holder = lock.take();
    if (holder === 0) throw new BackupBusy('Others are always first.');
    if (holder !== null) {
      throw new BackupBusy(`Process ${holder} of this host backs up or restores here.`);
    }
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  private names(): string[] {
    try {
      return fs.readdirSync(this.dumps).sort();
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }
}

/** An instant as dumps are named by. */
export function stampOf(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** The instant that a dump is named by; null when it is no dump's name. */
export function instantOf(id: string): string | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(id);
  if (!parts) return null;
  const [, year, month, day, hour, minute, second] = parts;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
