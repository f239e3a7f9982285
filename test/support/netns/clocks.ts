import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The wall clock of each host, which a fault moves while programs run; a machine's kernel has only one for all. */
export class Clocks {
  private constructor(private readonly folder: string) {}

  /** @throws Error when there is no compiler */
  static make(folder: string): Clocks {
    const clocks = new Clocks(folder);
    const source = resolve('test/support/netns/wall-clock.c');
    const words = ['-shared', '-fPIC', '-O2', '-o', clocks.library, source, '-ldl'];
    const { status, stderr, error } = spawnSync('cc', words, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`wall-clock.c: ${stderr || String(error)}`);
    return clocks;
  }

  /** What a program needs in its environment to live in its host's time. Not etcd nor Prometheus: Go asks the kernel. */
  env(host: string): Record<string, string> {
    if (!existsSync(this.file(host)))
      writeFileSync(this.file(host), Buffer.alloc(8), { mode: 0o644 });
    return { LD_PRELOAD: this.library, WALL_CLOCK: this.file(host) };
  }

  /** Moves a host's clock at once, for every program that runs there. */
  set(host: string, seconds: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    // In place: programs have it mapped.
    const file = openSync(this.file(host), 'r+');
    writeSync(file, bytes, 0, 8, 0);
    closeSync(file);
  }

  private get library(): string {
    return join(this.folder, 'wall-clock.so');
  }

  private file(host: string): string {
    return join(this.folder, `${host}.clock`);
  }
}
