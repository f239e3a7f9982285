import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

/** A file that is written beside its place and is not there yet. */
export interface Draft {
  readonly file: string;
  readonly path: string;
}

/**
 * Writes a file beside its place, only readable for us, and onto the disk.
 *
 * @throws Error when it cannot be kept safely there, with nothing left behind
 */
export function draft(file: string, content: Buffer, prove: (bytes: Buffer) => void): Draft {
  const folder = dirname(file);
  const { mode } = fs.statSync(folder);
  if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) {
    throw new Error(`${folder} may be written by others: secrets do not go there.`);
  }
  const path = join(folder, `.${basename(file)}.${randomBytes(6).toString('hex')}`);
  const handle = fs.openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
  try {
    try {
      fs.writeSync(handle, content);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    const read = fs.readFileSync(path);
    if (!read.equals(content)) throw new Error(`${file}: the disk gives back something else.`);
    prove(read);
  } catch (error) {
    fs.rmSync(path, { force: true });
    throw error;
  }
  return { file, path };
}

/** Puts drafts in their places; a reader sees a file as it was or as it is. */
export function publish(drafts: readonly Draft[]): void {
  for (const { path, file } of drafts) fs.renameSync(path, file);
  for (const folder of new Set(drafts.map(({ file }) => dirname(file)))) sync(folder);
}

export function discard(drafts: readonly Draft[]): void {
  for (const { path } of drafts) fs.rmSync(path, { force: true });
}

/** Writes one file. */
export function writeSecretFile(file: string, text: string): void {
  publish([draft(file, Buffer.from(text), () => undefined)]);
}

/** What a file holds, null when it is not there or others may read it. */
export function readSecretFile(file: string): Buffer | null {
  try {
    const stat = fs.lstatSync(file);
    return stat.isFile() && (stat.mode & 0o077) === 0 ? fs.readFileSync(file) : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A new name in a folder is there after a crash only once the folder is synced. */
function sync(folder: string): void {
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
