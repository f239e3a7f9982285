import { readdirSync, readFileSync } from 'node:fs';
import { signIn } from '../support/client.js';
import { SECONDS } from './figures.js';
import { PASSWORD } from './ground.js';
import type { Load } from './load.js';
import { requestOf, send } from './sender.js';

export const TOKEN = 'a token of the bench, long enough to pass';
export const CLIENTS = 16;

export type Drive = (port: number) => Promise<Load>;

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
  { path = '/api/v1/auth/me', status = 200, seconds = SECONDS } = {},
): Promise<Load> {
  const { token } = await signIn(`http://127.0.0.1:${port}`, 'vendedora', PASSWORD);
  const request = requestOf(`GET ${path}`, { authorization: `Bearer ${token ?? ''}` });
  return send({ ...{ port, status, clients: CLIENTS, seconds }, next: () => request });
}

export async function scrape(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  if (answer.status !== 200) throw new Error(`a scrape was answered with ${answer.status}`);
  await answer.arrayBuffer();
}
