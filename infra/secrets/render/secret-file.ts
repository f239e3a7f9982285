import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isGone, ownMark, syncFolder } from '#kernel/basics';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;
/** No program takes so long to write a file: an older draft is nobody's. */
const LONGEST_DRAFT_MS = 3_600_000;
/** After the file's own name: who writes it, which older versions did not say. */
const DRAFT = /^(?:([0-9a-f]{8})-(\d+)-(\d+)\.)?[0-9a-f]{12}$/;

/** A file that is written beside its place and is not there yet. */
export interface Draft {
  readonly file: string;
  readonly path: string;
}

/**
 * Writes a file beside its place, only readable for us, and onto the disk. What killed programs left
 * there is taken away.
 *
 * @throws Error when it cannot be kept safely there, with nothing left behind
 */
export function draft(file: string, content: Buffer, prove: (bytes: Buffer) => void): Draft {
  const folder = dirname(file);
  const owner = demandPlace(file, folder);
  sweep(file);
  const { place, pid, begun } = ownMark();
  const mark = `${place}-${pid}-${begun}.${randomBytes(6).toString('hex')}`;
  const path = join(folder, `.${basename(file)}.${mark}`);
  const handle = fs.openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
  try {
    try {
      if (owner) fs.fchownSync(handle, owner.uid, owner.gid);
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

/**
 * Takes away the drafts of a file whose programs were killed while they wrote: they hold secrets. One
 * that may still be written stays.
 */
export function sweep(file: string): void {
  const folder = dirname(file);
  const start = `.${basename(file)}.`;
  for (const name of namesIn(folder)) {
    const [whole, place, pid, begun] = DRAFT.exec(name.slice(start.length)) ?? [];
    if (!name.startsWith(start) || whole === undefined) continue;
    const path = join(folder, name);
    const isOld = Date.now() - (fs.lstatSync(path, QUIET)?.mtimeMs ?? 0) > LONGEST_DRAFT_MS;
    const isLeft = place !== undefined && isGone({ place, pid: Number(pid), begun: String(begun) });
    if (isOld || isLeft) fs.rmSync(path, { force: true });
  }
}

const QUIET = { throwIfNoEntry: false } as const;

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    // Not there, or a folder into which we may write without seeing what is in it.
    return [];
  }
}

/**
 * Refuses a place in which others could put something else.
 *
 * @returns whose the file is to be, where root writes it: the folder's, or its user could not read it.
 *   Never of the file that is there: in a folder for everybody anybody may have put it there.
 */
function demandPlace(file: string, folder: string): { uid: number; gid: number } | null {
  const stat = fs.statSync(folder, QUIET);
  if (!stat) throw new Error(`${folder} is not there: make it, with mode 700, for who reads it.`);
  if ((stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0) {
    throw new Error(`${folder} may be written by others: secrets do not go there (chmod go-w).`);
  }
  // Found out now, while every file is as it was.
  if (fs.lstatSync(file, QUIET)?.isDirectory()) throw new Error(`${file} is a folder.`);
  return process.geteuid?.() === 0 ? { uid: stat.uid, gid: stat.gid } : null;
}

/** Puts drafts in their places; a reader sees a file as it was or as it is. */
export function publish(drafts: readonly Draft[]): void {
  for (const { path, file } of drafts) fs.renameSync(path, file);
  for (const folder of new Set(drafts.map(({ file }) => dirname(file)))) syncFolder(folder);
}

export function discard(drafts: readonly Draft[]): void {
  for (const { path } of drafts) fs.rmSync(path, { force: true });
}

/** Writes one file. */
export function writeSecretFile(file: string, text: string): void {
  publish([draft(file, Buffer.from(text), () => undefined)]);
}

/** Finds out before something is made that could not be written down. @throws Error that says why */
export function demandWritable(...files: readonly string[]): void {
  for (const file of files) discard([draft(file, Buffer.from(''), () => undefined)]);
}

/** What a file holds, null when it is not there, we may not read it, or others may. */
export function readSecretFile(file: string): Buffer | null {
  try {
    const stat = fs.lstatSync(file);
    return stat.isFile() && (stat.mode & 0o077) === 0 ? fs.readFileSync(file) : null;
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
