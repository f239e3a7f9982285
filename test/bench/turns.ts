// What a part of one process costs, by switching it off and on again many times while a load runs.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:http';

/** `again` is `on` under another name: what both differ by is what the measure cannot tell. */
const SIDES = ['on', 'off', 'again'] as const;
type Side = (typeof SIDES)[number];

/** What passed between two switches. */
interface Window {
  readonly requests: number;
  readonly cpuUs: number;
}

/** One window of each side, in an order of chance. */
export type Turn = Readonly<Record<Side, Window>>;

const SHORTEST_MS = 60;
const LONGEST_MS = 180;
/** A turn with a window of fewer requests than this, at the ends of a load, says nothing. */
const FEWEST = 10;
/** Turns at the beginning that do not count: the load signs in, and code is compiled anew. */
const WARMING = 10;
/** Of the comparisons so many at either end are left out: a full collection falls on one window. */
const TRIMMED = 0.1;
const DRAWS = 1_000;

/**
 * In the process that is measured: obeys `turns`, and answers `rest` over the channel to its parent. Its own
 * processor time, all threads together, is read at each switch; short windows of random length in
 * random order leave nothing for drift, or for what comes in a rhythm, to hold on to.
 */
export function takeTurns(server: Server, put: (isOn: boolean) => void): void {
  let requests = 0;
  let timer: NodeJS.Timeout | undefined;
  let turns: Turn[] = [];
  server.on('request', () => (requests += 1));
  const take = (order: readonly Side[], taken: Partial<Record<Side, Window>>): void => {
    const [side, ...rest] = order;
    if (side === undefined) {
      turns.push(taken as Turn);
      return take(shuffled(SIDES), {});
    }
    put(side !== 'off');
    const began = { requests, cpu: process.cpuUsage() };
    const end = (): void => {
      const { user, system } = process.cpuUsage(began.cpu);
      const window = { requests: requests - began.requests, cpuUs: user + system };
      take(rest, { ...taken, [side]: window });
    };
    timer = setTimeout(end, SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS));
  };
  process.on('message', (word) => {
    clearTimeout(timer);
    if (word === 'turns') return take(shuffled(SIDES), {});
    const isFull = (turn: Turn): boolean => SIDES.every((side) => turn[side].requests >= FEWEST);
    process.send?.(turns.slice(WARMING).filter(isFull));
    turns = [];
    put(true);
  });
}

/** In the parent: has the process take turns while a load runs. */
export async function turnsUnder(
  child: ChildProcess,
  load: () => Promise<unknown>,
): Promise<readonly Turn[]> {
  child.send('turns');
  await load();
  const told = once(child, 'message');
  child.send('rest');
  return ((await told) as [Turn[]])[0];
}

/** Requests per second of processor time over all windows of a side. */
export function perCpuSecond(windows: readonly Window[]): number {
  let [requests, cpuUs] = [0, 0];
  for (const window of windows) {
    requests += window.requests;
    cpuUs += window.cpuUs;
  }
  return (requests * 1e6) / cpuUs;
}

/** A ratio, and the bounds between which it falls in 19 of 20 draws of its turns. */
export interface Ratio {
  readonly ratio: number;
  readonly least: number;
  readonly most: number;
}

/** The mean of what `compare` says of each turn, without the ends; ratios are compared by their logarithms. */
export function ratioOf(turns: readonly Turn[], compare: (turn: Turn) => number): Ratio {
  const logs = turns.map((turn) => Math.log(compare(turn)));
  const drawn = Array.from({ length: DRAWS }, () =>
    trimmedMean(logs.map(() => logs[Math.floor(Math.random() * logs.length)] ?? 0)),
  ).sort((a, b) => a - b);
  const at = (part: number): number => Math.exp(drawn[Math.floor(DRAWS * part)] ?? 0);
  return { ratio: Math.exp(trimmedMean(logs)), least: at(0.025), most: at(0.975) };
}

function trimmedMean(values: readonly number[]): number {
  const left = Math.floor(values.length * TRIMMED);
  const kept = [...values].sort((a, b) => a - b).slice(left, values.length - left);
  return kept.reduce((sum, value) => sum + value, 0) / kept.length;
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
