import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join, resolve } from 'node:path';

/** Passwords of the embedded database's roles; they live in a file that only its owner reads. */
export interface EmbeddedPasswords {
  readonly superuser: string;
  readonly owner: string;
  readonly application: string;
  readonly readonly: string;
}

/** Another OFITEC uses the home; the message says which process. */
export class HomeInUse extends Error {}

/** The folder of the embedded database (`OFITEC_HOME`), held by one process at a time. */
export class Home {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
    fs.mkdirSync(this.path, { recursive: true });
  }

  get data(): string {
    return join(this.path, 'postgres');
  }

  /** Takes the home for this process. @throws HomeInUse while a living process holds it */
  take(): void {
    const draft = `${this.lockFile}.${process.pid}`;
    fs.writeFileSync(draft, mark(process.pid));
    try {
      for (let attempt = 0; attempt < 5; attempt += 1) {
        if (linkIfFree(draft, this.lockFile)) return;
        const holder = this.holder();
        if (holder !== null) {
          throw new HomeInUse(
            `Another OFITEC (process ${holder}) runs on ${this.path}. Stop it, or set OFITEC_HOME to another folder.`,
          );
        }
        this.discardStaleLock();
      }
      throw new HomeInUse(`${this.lockFile} changes too fast to take; try again.`);
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }

  /** Gives the home back, if this process holds it. */
  release(): void {
    if (this.holder() === process.pid) fs.rmSync(this.lockFile, { force: true });
  }

  /** The living process that holds the home, or null. */
  holder(): number | null {
    const text = readIfThere(this.lockFile);
    const pid = Number(text?.split(' ')[0]);
    return text !== null && pid > 0 && mark(pid) === text ? pid : null;
  }

  /** The passwords of this home's database, made at first use. */
  passwords(): EmbeddedPasswords {
    return this.remember('database-passwords.json', () => ({
      superuser: password(),
      owner: password(),
      application: password(),
      readonly: password(),
    }));
  }

  /** The demo users' password: given, or made once. */
  demoPassword(given: string | undefined): string {
    return this.remember('demo-password.json', () => ({ password: given ?? password(9) })).password;
  }

  /** What the embedded house seals with where no `SECRET_KEY` is given, made at first use. */
  secretKey(): string {
    return this.remember('secret-key.json', () => ({ key: password(48) })).key;
  }

  /** Moves the lock aside before dropping it: if a rival has just taken it, it is put back. */
  private discardStaleLock(): void {
    const aside = `${this.lockFile}.stale.${process.pid}`;
    try {
      fs.renameSync(this.lockFile, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    const text = readIfThere(aside) ?? '';
    if (mark(Number(text.split(' ')[0])) === text) linkIfFree(aside, this.lockFile);
    fs.rmSync(aside, { force: true });
  }

  private get lockFile(): string {
    return join(this.path, 'ofitec.lock');
  }

  private remember<T>(name: string, make: () => T): T {
    const file = join(this.path, name);
    const known = readIfThere(file);
    if (known !== null) return JSON.parse(known) as T;
    const made = make();
    const draft = `${file}.new`;
    fs.writeFileSync(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    fs.renameSync(draft, file);
    return made;
  }
}

/**
 * Names a process for longer than its number lasts: on Linux with its start time, so that a
 * number given out again does not look like the old holder.
 */
function mark(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return `${pid} ended`;
  }
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return `${pid} alive`;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; it only waits for its parent to notice.
  return fields[0] === 'Z' ? `${pid} ended` : `${pid} ${fields[19] ?? 'alive'}`;
}

function linkIfFree(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readIfThere(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}

function password(bytes = 24): string {
  return randomBytes(bytes).toString('base64url');
}
