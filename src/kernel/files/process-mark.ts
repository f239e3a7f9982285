import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, as another one beside it finds out whether it still runs. */
export interface ProcessMark {
  /** Machine and namespace of process ids: elsewhere the same number is another process. */
  readonly place: string;
  readonly pid: number;
  /** When it began, as the kernel counts: a pid is used again. Empty where the kernel does not tell. */
  readonly begun: string;
}

let known: string | null = null;

/** This process. */
export function ownMark(): ProcessMark {
  return { place: placeOfSelf(), pid: process.pid, begun: begunOf(process.pid) ?? '' };
}

/** Whether a process of this place runs, as far as can be known. One of another place does not run here. */
export function runsHere(mark: ProcessMark, look = begunOf): boolean {
  return mark.place === placeOfSelf() && !hasEnded(mark, look);
}

/** Whether a process is surely gone. One of another place may run, whatever its number says here. */
export function isGone(mark: ProcessMark, look = begunOf): boolean {
  return mark.place === placeOfSelf() && hasEnded(mark, look);
}

/**
 * When a process began, in ticks since the machine did; '' for what only waits to be buried, null when
 * it is not seen.
 */
export function begunOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie does nothing any more.
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return null;
  }
}

/**
 * One that `/proc` does not show may run as long as the kernel knows of it: hidepid and
 * ProtectProc=invisible keep the processes of other users from view.
 */
function hasEnded({ pid, begun }: ProcessMark, look: typeof begunOf): boolean {
  const found = look(pid);
  return found === null ? !exists(pid) : found === '' || found !== begun;
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Hosts that were copied have one name, and containers of a host may have it too. */
function placeOfSelf(): string {
  known ??= createHash('sha256')
    .update([hostname(), read('/etc/machine-id'), namespaceOf()].join('\n'))
    .digest('hex')
    .slice(0, 8);
  return known;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function namespaceOf(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
