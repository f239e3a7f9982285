import * as fs from 'node:fs';

/**
 * A file that one living process holds at a time. It names the process for longer than its number
 * lasts, so that one that was killed holds nothing.
 */
export class ProcessLock {
  constructor(private readonly file: string) {}

  /** @returns the process that holds it already, 0 when that changes too fast to say; null when taken */
  take(): number | null {
    const draft = `${this.file}.${process.pid}`;
    fs.writeFileSync(draft, mark(process.pid));
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
    const text = readIfThere(this.file);
    const pid = Number(text?.split(' ')[0]);
    return text !== null && pid > 0 && mark(pid) === text ? pid : null;
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
    const text = readIfThere(aside) ?? '';
    if (mark(Number(text.split(' ')[0])) === text) linkIfFree(aside, this.file);
    fs.rmSync(aside, { force: true });
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
