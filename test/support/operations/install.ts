import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../process.js';
import { READY } from '../process.js';
import type { CleanRoot } from './clean-root.js';

/** Where the release is that was carried to the machine. */
export const CARRIED = '/root/ofitec';
const BLUE_PORT = 3001;

export interface Installed {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the installer of the carried release. */
export async function install(
  root: CleanRoot,
  args: readonly string[] = [],
  settings: Readonly<Record<string, string>> = { ALLOWED_HOSTS: 'erp.example.cl,127.0.0.1' },
  release = CARRIED,
): Promise<Installed> {
  return root.tell(`${release}/infra/install.sh`, args, { env: settings });
}

/** What the installer says of its steps, by its first word: `as it was`, `written`, `done`, `would …`. */
export function linesOf({ output }: Installed, kind: string): string[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith(kind.padEnd(14)))
    .map((line) => line.slice(14));
}

export interface Service {
  readonly server: Program;
  readonly worker: Program;
  /** Reaches it from this machine. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts server and worker as their installed units say; ready when this returns.
 *
 * @param standing what is there of an earlier start: its address, a worker that goes on
 */
export async function startService(
  root: CleanRoot,
  standing: { readonly reached?: string; readonly worker?: Program } = {},
): Promise<Service> {
  const server = root.startUnit('ofitec@blue.service');
  const worker = standing.worker ?? root.startUnit('ofitec-worker.service');
  await server.until(READY);
  await worker.until(/deliveries and schedules run/);
  const url = standing.reached ?? (await root.reach(BLUE_PORT));
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    if (answer?.status === 200) break;
    if (tries > 300) throw new Error(`not ready: ${answer?.status} ${await answer?.text()}`);
    await sleep(100);
  }
  return {
    ...{ server, worker, url },
    stop: async () => {
      const ends = [server.end('SIGTERM'), worker.end('SIGTERM')];
      const [first, second] = await Promise.all(ends);
      if (first?.code !== 0 || second?.code !== 0) {
        throw new Error(`did not end well: ${first?.output} ${second?.output}`);
      }
    },
  };
}
