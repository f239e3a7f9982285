import { readdirSync, readFileSync } from 'node:fs';
import { signIn } from '../support/client.js';
import { inTurns, SECONDS } from './figures.js';
import { PASSWORD } from './ground.js';
import type { Ground } from './ground.js';
import { chargeOverHttp, rssMb, startProgram } from './load.js';
import type { Load, Loaded } from './load.js';
import { requestOf, send } from './sender.js';

export const TOKEN = 'a token of the bench, long enough to pass';
export const CLIENTS = 16;

export type Drive = (port: number) => Promise<Load>;

/**
 * What being watched costs: the same server with metrics and without, by requests per second of
 * its processor's time, which other work on the machine does not touch as it does the rate.
 */
export async function benchWatch(ground: Ground): Promise<void> {
  const env = { DATABASE_URL: ground.applicationUrl };
  const watched = await startProgram('server', { ...env, METRICS_TOKEN: TOKEN });
  const unwatched = await startProgram('server', env);
  const drives: Readonly<Record<string, Drive>> = {
    'watch-pay': (port) =>
      chargeOverHttp(port, { clients: CLIENTS, seconds: SECONDS, orderIds: ground.orderIds }),
    'watch-read': (port) => readOverHttp(port),
  };
  for (const [name, drive] of Object.entries(drives)) {
    await inTurns(name, CLIENTS, () => rssMb(watched.pid), {
      ours: async () => {
        // As often as a scrape every few seconds would be, which is more than anybody asks for.
        await scrape(watched.port);
        return perCpuSecond(watched, drive);
      },
      reference: () => perCpuSecond(unwatched, drive),
    });
  }
  await watched.stop();
  await unwatched.stop();
}

/** A drive's requests per second of its server's processor time. */
export async function perCpuSecond(
  { pid, port }: Loaded,
  drive: (port: number) => Promise<Load>,
): Promise<Load> {
  const began = { cpu: cpuSeconds(pid), ms: performance.now() };
  const load = await drive(port);
  const count = (load.perSecond * (performance.now() - began.ms)) / 1_000;
  return { ...load, perSecond: count / (cpuSeconds(pid) - began.cpu) };
}

/**
 * Time that the threads of a process have spent on processors, in user and system mode. By the
 * scheduler's nanoseconds: the ticks of /proc/PID/stat are 10 ms, a percent of a round.
 */
export function cpuSeconds(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => {
    const [ns = '0'] = readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ');
    return sum + Number(ns) / 1e9;
  }, 0);
}

/** The cheapest request of a user unless said: the session is looked up, and nothing else. */
export async function readOverHttp(
  port: number,
  path = '/api/v1/auth/me',
  status = 200,
): Promise<Load> {
  const { token } = await signIn(`http://127.0.0.1:${port}`, 'vendedora', PASSWORD);
  const request = requestOf(`GET ${path}`, { authorization: `Bearer ${token ?? ''}` });
  return send({ ...{ port, status, clients: CLIENTS, seconds: SECONDS }, next: () => request });
}

export async function scrape(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  if (answer.status !== 200) throw new Error(`a scrape was answered with ${answer.status}`);
  await answer.arrayBuffer();
}
