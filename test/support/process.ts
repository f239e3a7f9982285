import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOMY_LIMITS } from './limits.js';
import { until } from './until.js';

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** What a program leaves behind may hold its output open: longer than this is not waited for what it said last. */
const LAST_WORDS_MS = 2_000;

/** A program of the house run as its own process, as an operator would. */
export class Program {
  output = '';
  private readonly ended: Promise<number | null>;

  constructor(private readonly child: ChildProcess) {
    const read = (chunk: Buffer): void => void (this.output += chunk.toString());
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.output += String(error);
        resolve(null);
      });
      // It may have ended before all that it said was read.
      const read = new Promise((done) => child.once('close', done));
      child.once('exit', (code) => {
        void Promise.race([read, sleep(LAST_WORDS_MS, null, { ref: false })]).then(() =>
          resolve(code),
        );
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Whether the process is gone, by itself or killed. */
  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /**
   * Waits until the output matches. Time in which this process, or the whole machine, stood still is not counted.
   *
   * @throws Error with the output when it ends or takes too long
   */
  async until(pattern: RegExp, timeoutMs = 60_000): Promise<RegExpExecArray> {
    for (let awakeMs = 0; ;) {
      // Looked at first: what it said last is read after its end, and before `ended`.
      const { hasEnded } = this;
      if (hasEnded) await this.ended;
      const match = pattern.exec(this.output);
      if (match) return match;
      if (hasEnded || awakeMs > timeoutMs) {
        throw new Error(`${String(pattern)} did not appear:\n${this.output}`);
      }
      const began = performance.now();
      await sleep(20);
      awakeMs += Math.min(performance.now() - began, 1_000);
    }
  }

  /** Stops it where it is, and waits until it stands: a signal is sent before it is felt. */
  async freeze(): Promise<void> {
    this.signal('SIGSTOP');
    await standing(this.pid);
  }

  /** Sends a signal and waits for nothing. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Waits for its end, signalling first when told. */
  async end(signal?: NodeJS.Signals): Promise<Ended> {
    if (signal) this.child.kill(signal);
    const code = await this.ended;
    return { code, output: this.output };
  }
}

/** Waits until a process that was told to stop does nothing any more. */
export async function standing(pid: number): Promise<void> {
  const isStill = (): boolean =>
    readdirSync(`/proc/${pid}/task`).every((thread) =>
      /^\d+ \(.*\) T /s.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')),
    );
  await until(`process ${pid} stands`, isStill);
}

/** Runs a program with this process's environment, without what configures a house or npm. */
export function run(
  command: string,
  args: readonly string[],
  options: {
    env?: Readonly<Record<string, string>>;
    cwd?: string;
    uid?: number;
    gid?: number;
  } = {},
): Program {
  const { env, ...rest } = options;
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_|OFITEC_|DATABASE_|API_THROTTLE_|REDIS_|NODE_ENV$|NODE_OPTIONS$|PORT$|JEST_)/.test(
        name,
      ),
  );
  const child = spawn(command, [...args], {
    ...rest,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Program(child);
}

/** Programs that were compiled once are not compiled again: a quarter of what a command takes. */
export const COMPILED = {
  NODE_COMPILE_CACHE: resolve('node_modules', '.cache', 'ofitec-compiled'),
};

/** The built server; `.until(READY)` tells its address. */
export function runServer(env: Readonly<Record<string, string>>): Program {
  return run(process.execPath, [join('dist', 'src', 'main.js')], {
    env: { PORT: '0', ...COMPILED, ...ROOMY_LIMITS, ...env },
  });
}

/** The built operator's command. */
export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const all = { ...COMPILED, ...env };
  return run(process.execPath, [join('dist', 'src', 'cli.js'), ...args], { env: all }).end();
}

/** What the server prints when it is ready; the first group is its address. */
export const READY = /OFITEC {2}(http:\/\/localhost:\d+)\n[^]*Docs[^]*\n/;

/** The process id of a home's embedded PostgreSQL, or null when it does not run. */
export function postgresOf(home: string): number | null {
  const file = join(home, 'postgres', 'postmaster.pid');
  if (!existsSync(file)) return null;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return null;
  }
}
