import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join, resolve } from 'node:path';
import { ProcessLock } from '../../files/process-lock.js';

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
    const holder = this.lock.take();
    if (holder === null) return;
    throw new HomeInUse(
      holder === 0
        ? `${this.lockFile} changes too fast to take; try again.`
        : `Another OFITEC (process ${holder}) runs on ${this.path}. Stop it, or set OFITEC_HOME to another folder.`,
    );
  }

  /** Gives the home back, if this process holds it. */
  release(): void {
    this.lock.release();
  }

  /** The living process that holds the home, or null. */
  holder(): number | null {
    return this.lock.holder();
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

  private get lockFile(): string {
    return join(this.path, 'ofitec.lock');
  }

  private get lock(): ProcessLock {
    return new ProcessLock(this.lockFile);
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

function readIfThere(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return null;
    throw error;
  }
}

function password(bytes = 24): string {
  return randomBytes(bytes).toString('base64url');
}
