import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import type { StatsFs, Stats } from 'node:fs';
import { join } from 'node:path';

const RUN_LIMIT_MS = 20_000;
const MAX_OUTPUT = 4_194_304;

/** What a program said. */
export interface Said {
  /** Null when it is not there, or did not end in time. */
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** The machine as it is read: files and programs, nothing that changes it. */
export class Host {
  /** @param root the machine's files are below it: `/`, or a folder that plays a machine */
  constructor(
    readonly root = '/',
    private readonly now = (): Date => new Date(),
  ) {}

  /** Days since an instant. */
  daysSince(at: Date): number {
    return (this.now().getTime() - at.getTime()) / 86_400_000;
  }

  path(file: string): string {
    return join(this.root, file);
  }

  /** The text of a file; null when there is none. @throws Error when it may not be read */
  read(file: string): string | null {
    try {
      return readFileSync(this.path(file), 'utf8');
    } catch (error) {
      if (isAbsence(error)) return null;
      throw error;
    }
  }

  /** @throws Error when it may not be looked at */
  stat(file: string): Stats | null {
    try {
      return statSync(this.path(file));
    } catch (error) {
      if (isAbsence(error)) return null;
      throw error;
    }
  }

  list(folder: string): string[] {
    return existsSync(this.path(folder)) ? readdirSync(this.path(folder)).sort() : [];
  }

  link(file: string): string | null {
    try {
      return readlinkSync(this.path(file));
    } catch {
      return null;
    }
  }

  space(folder: string): StatsFs {
    return statfsSync(this.path(folder));
  }

  /** Runs a program of the machine, without a shell; never throws. */
  async run(command: string, args: readonly string[]): Promise<Said> {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    return new Promise((resolve) => {
      const limits = { timeout: RUN_LIMIT_MS, maxBuffer: MAX_OUTPUT, env };
      execFile(command, [...args], limits, (error, out, errors) => {
        const code = error ? error.code : 0;
        resolve({ code: typeof code === 'number' ? code : null, out, errors });
      });
    });
  }
}

function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
