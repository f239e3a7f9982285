import * as fs from 'node:fs';
import { ownMark, runsHere } from './process-mark.js';

/**
 * A file that one living process holds at a time. It names the process for longer than its number
 * lasts, so that one that was killed holds nothing.
 */
export class ProcessLock {
  constructor(private readonly file: string) {}

  /** @returns the process that holds it already, 0 when that changes too fast to say; null when taken */
  take(): number | null {
    const draft = `${this.file}.${process.pid}`;
    fs.writeFileSync(draft, ownText());
    try {
      for (let attempt = 0; attempt < 5; attempt += 1) {
        if (linkIfFree(draft, this.file)) return null;
        const holder = this.holder();
        if (holder !== null) return holder;
        this.discardStale();
      }
      return 0;
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }

  /** Gives it back, if this process holds it. */
  release(): void {
    if (this.holder() === process.pid) fs.rmSync(this.file, { force: true });
  }

  /** The living process that holds it, or null. */
  holder(): number | null {
    return holderIn(readIfThere(this.file));
  }

  /** Moves the lock aside before dropping it: if a rival has just taken it, it is put back. */
  private discardStale(): void {
    const aside = `${this.file}.stale.${process.pid}`;
    try {
      fs.renameSync(this.file, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    if (holderIn(readIfThere(aside)) !== null) linkIfFree(aside, this.file);
    fs.rmSync(aside, { force: true });
  }
}

/** This process, as the file names it. */
function ownText(): string {
  const { pid, begun, place } = ownMark();
  return `${pid} ${begun} ${place}`;
}

/** The process that a file names, where it runs here; what a stranger wrote names none. */
function holderIn(text: string | null): number | null {
  const [, pid, begun = '', place = ''] = /^(\d+) (\d*) ([0-9a-f]{8})$/.exec(text ?? '') ?? [];
  return pid !== undefined && runsHere({ place, pid: Number(pid), begun }) ? Number(pid) : null;
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
