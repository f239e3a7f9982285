import * as fs from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '#kernel/basics';

/** Files that a spool holds at most; what comes then is refused, and whoever brings it is told. */
const MAX_FILES = 200;
/** Bytes of one file. */
const MAX_BYTES = 16_384;

const SUFFIX = '.json';
/** A draft is written in a moment; one that is older was its writer's last. */
const DRAFT_MS = 3_600_000;

/** What was recorded without the database: one occurrence, or one good sign. */
export interface SpoolEntry {
  /** UUID, under which the database takes it once. */
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly good: boolean;
  readonly label: string;
  readonly severity?: 'info' | 'warning' | 'critical';
  readonly count: number;
  /** Instants as RFC 3339 writes them. */
  readonly firstAt: string;
  readonly lastAt: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Subscriptions that were told directly, and when first. */
  readonly told?: { readonly subscriptionIds: readonly string[]; readonly at: string };
}

/** An entry and the file that holds it. */
export interface Spooled {
  readonly file: string;
  readonly entry: SpoolEntry;
  /** When it was last written. */
  readonly writtenAt: Date;
}

/** The spool is full; the message says where. */
export class SpoolFull extends Error {}

/**
 * A folder of small files, for what must be recorded while the database is away. A file is whole or
 * not there (written beside, synced, renamed), is there after power is lost (its folder is synced,
 * too), and there are never more than a bound.
 */
export class Spool {
  constructor(readonly folder: string) {}

  /** Keeps an entry of its own. @throws SpoolFull, or Error when the folder cannot be written */
  put(entry: SpoolEntry): void {
    this.demandRoom();
    this.write(`${entry.id}${SUFFIX}`, entry);
  }

  /**
   * Keeps an entry that all processes of this machine share under one name.
   *
   * @returns the entry that is kept: this one, or the one that was there before
   */
  share(name: string, entry: SpoolEntry): SpoolEntry {
    const known = this.read(`${name}${SUFFIX}`);
    if (known) return known.entry;
    this.demandRoom();
    const draft = this.draft(entry);
    try {
      fs.linkSync(draft, join(this.folder, `${name}${SUFFIX}`));
      syncFolder(this.folder);
      return entry;
    } catch (error) {
      const winner = codeOf(error) === 'EEXIST' ? this.read(`${name}${SUFFIX}`) : null;
      if (winner) return winner.entry;
      throw error;
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }

  /** Writes a shared entry anew, if it is still there: it may have been recorded meanwhile. */
  renew(name: string, entry: SpoolEntry): void {
    if (this.read(`${name}${SUFFIX}`)?.entry.id === entry.id) this.write(`${name}${SUFFIX}`, entry);
  }

  /** Everything that waits, oldest first; what cannot be read is put aside. */
  list(): Spooled[] {
    this.sweepDrafts();
    const names = this.names();
    return names
      .flatMap((name) => this.read(name) ?? [])
      .sort((a, b) => (a.entry.firstAt < b.entry.firstAt ? -1 : 1));
  }

  remove({ file }: Spooled): void {
    fs.rmSync(join(this.folder, file), { force: true });
  }

  /** Puts an entry aside that cannot be recorded, for a person to look at. */
  putAside({ file }: Spooled): void {
    setAside(join(this.folder, file));
  }

  private read(file: string): Spooled | null {
    const path = join(this.folder, file);
    try {
      const stat = fs.statSync(path);
      const text = stat.size > MAX_BYTES ? '' : fs.readFileSync(path, 'utf8');
      const entry = JSON.parse(text) as unknown;
      if (!isEntry(entry)) throw new SyntaxError('no entry');
      return { file, entry, writtenAt: stat.mtime };
    } catch (error) {
      if (error instanceof SyntaxError) setAside(path);
      // Another user's file holds nothing up; it stays for whoever may read it.
      else if (!['ENOENT', 'EACCES', 'EISDIR'].includes(codeOf(error) ?? '')) throw error;
      return null;
    }
  }

  private write(file: string, entry: SpoolEntry): void {
    const draft = this.draft(entry);
    fs.renameSync(draft, join(this.folder, file));
    syncFolder(this.folder);
  }

  private draft(entry: SpoolEntry): string {
    fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, `.${entry.id}.${process.pid}`);
    const handle = fs.openSync(path, 'w', 0o600);
    try {
      fs.writeSync(handle, textOf(entry));
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    return path;
  }

  /** Removes what writers left behind that were killed while they wrote. */
  private sweepDrafts(): void {
    for (const name of this.everyName().filter((each) => each.startsWith('.'))) {
      const path = join(this.folder, name);
      const writtenAt = fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
      if (Date.now() - writtenAt > DRAFT_MS) fs.rmSync(path, { force: true });
    }
  }

  private names(): string[] {
    return this.everyName().filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.'));
  }

  private everyName(): string[] {
    try {
      return fs.readdirSync(this.folder);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  private demandRoom(): void {
    if (this.names().length >= MAX_FILES) {
      throw new SpoolFull(`${this.folder} holds ${MAX_FILES} alerts that wait for the database.`);
    }
  }
}

/** An entry as its file holds it; what would be too large goes without its example. */
function textOf(entry: SpoolEntry): string {
  const text = JSON.stringify(entry);
  if (Buffer.byteLength(text) <= MAX_BYTES) return text;
  const { details: _, ...rest } = entry;
  return JSON.stringify({ ...rest, label: entry.label.slice(0, 200) });
}

/** Whoever wrote the file may have written anything, and what the database refuses would block the rest. */
function isEntry(value: unknown): value is SpoolEntry {
  if (!isObject(value)) return false;
  const { id, type, key, good, label, severity, count, firstAt, lastAt, details, told } = value;
  return (
    [id, type, key, label].every((each) => typeof each === 'string') &&
    [firstAt, lastAt].every(isInstant) &&
    typeof good === 'boolean' &&
    Number.isSafeInteger(count) &&
    Number(count) > 0 &&
    [undefined, 'info', 'warning', 'critical'].includes(severity as SpoolEntry['severity']) &&
    (details === undefined || isObject(details)) &&
    (told === undefined || isTold(told)) &&
    // PostgreSQL takes neither NUL in a text nor half a character in JSON.
    !/\\u(0000|d[89a-f])/.test(JSON.stringify(value))
  );
}

function isTold(told: unknown): boolean {
  if (!isObject(told) || !isInstant(told['at'])) return false;
  const ids: unknown = told['subscriptionIds'];
  return Array.isArray(ids) && ids.every((each) => typeof each === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

/** Whoever may only read (the check from a timer) leaves it where it is. */
function setAside(path: string): void {
  try {
    fs.renameSync(path, `${path}.unreadable`);
  } catch (error) {
    if (!['ENOENT', 'EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
