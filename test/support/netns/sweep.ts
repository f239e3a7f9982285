import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MARKS = '/var/cache/ofitec-test/marks';

interface Owner {
  readonly pid: number;
  /** When that process began, by the kernel: another one may bear its number by now. */
  readonly began: string;
  readonly folders: readonly string[];
}

/** Says which process a lab belongs to, so that one whose process was killed can be told and taken away. */
export class Mark {
  private readonly file: string;
  private folders: readonly string[] = [];

  /** @param tag what the names of the lab's namespaces begin with */
  constructor(tag: string) {
    this.file = join(MARKS, tag);
    mkdirSync(MARKS, { recursive: true });
    this.write();
  }

  owns(folder: string): void {
    this.folders = [...this.folders, folder];
    this.write();
  }

  remove(): void {
    rmSync(this.file, { force: true });
  }

  private write(): void {
    const owner: Owner = {
      ...{ pid: process.pid, began: beganAt(process.pid) ?? '', folders: this.folders },
    };
    writeFileSync(this.file, JSON.stringify(owner));
  }
}

/** Takes away what killed labs left behind: programs, namespaces with their bridges, mounts, folders. */
export function sweep(): void {
  if (!existsSync(MARKS)) return;
  for (const tag of readdirSync(MARKS)) {
    const file = join(MARKS, tag);
    const owner = ownerOf(file);
    if (owner && beganAt(owner.pid) === owner.began) continue;
    for (const name of namespacesOf(tag)) {
      end(name);
      spawnSync('ip', ['netns', 'delete', name]);
    }
    for (const folder of owner?.folders ?? []) {
      for (const mounted of mountsBelow(folder)) spawnSync('umount', ['--lazy', mounted]);
      rmSync(folder, { recursive: true, force: true });
    }
    rmSync(file, { force: true });
  }
}

function ownerOf(file: string): Owner | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return null;
  }
}

/** The 22nd field of `/proc/PID/stat`; null when there is no such process. */
function beganAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function namespacesOf(tag: string): string[] {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  return names.filter((name) => name.startsWith(`${tag}-`));
}

/** What is killed may have started something meanwhile. */
function end(namespace: string): void {
  for (let tries = 0; tries < 20; tries += 1) {
    const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
    const pids = stdout.split('\n').filter((line) => line !== '');
    if (pids.length === 0) return;
    spawnSync('kill', ['-KILL', ...pids]);
    spawnSync('sleep', ['0.05']);
  }
}

function mountsBelow(folder: string): string[] {
  const points = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return points.map((line) => line.split(' ')[1] ?? '').filter((at) => at.startsWith(`${folder}/`));
}
