import type { Load } from './load.js';

/** One line of the result. Rates are per second, `start` is in milliseconds. */
export interface Figure {
  readonly name: string;
  readonly clients: number;
  readonly ours: number;
  readonly reference: number;
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
}

export const SECONDS = Number(process.env['OFITEC_BENCH_SECONDS'] ?? 3);
export const ROUNDS = Number(process.env['OFITEC_BENCH_ROUNDS'] ?? 5);
const NAME_WIDTH = 34;

const json = process.argv.includes('--json');

/** The titles of the columns, for people. */
export function printTitles(): void {
  if (json) return;
  const titles = ['clients', 'ours', 'reference', 'ratio', 'p50Ms', 'p99Ms', 'rssMb'];
  const cells = titles.map((title) => title.padStart(10));
  process.stdout.write(`${'name'.padEnd(NAME_WIDTH)}${cells.join('')}\n`);
}

/** A line that the next one takes the place of; it goes to standard error. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(70)}\r`);
  else if (text) process.stderr.write(`${text}\n`);
}

/** What is compared: each side does one round of its load. */
interface Sides {
  readonly ours: () => Promise<Load>;
  readonly reference: () => Promise<Load>;
}

/**
 * Takes turns, so that whatever else the machine does falls on both sides, and prints the medians. Who
 * comes first changes from round to round: each side leaves something behind for the other.
 */
export async function inTurns(
  name: string,
  clients: number,
  memory: () => number,
  sides: Sides,
): Promise<void> {
  const rounds: { ours: Load; reference: Load }[] = [];
  await sides.ours();
  for (let round = 0; round < ROUNDS; round += 1) {
    progress(`${name} ${clients}: round ${round + 1} of ${ROUNDS}`);
    rounds.push(await oneRound(sides, round % 2 === 0));
  }
  progress('');
  printFigure({
    ...{ name, clients },
    ours: median(rounds.map(({ ours }) => ours.perSecond)),
    reference: median(rounds.map(({ reference }) => reference.perSecond)),
    ratio: median(rounds.map((r) => r.ours.perSecond / r.reference.perSecond)),
    p50Ms: median(rounds.map(({ ours }) => ours.p50Ms)),
    p99Ms: median(rounds.map(({ ours }) => ours.p99Ms)),
    rssMb: memory(),
  });
}

async function oneRound(
  { ours, reference }: Sides,
  oursFirst: boolean,
): Promise<{ ours: Load; reference: Load }> {
  if (oursFirst) return { ours: await ours(), reference: await reference() };
  const theirs = await reference();
  return { ours: await ours(), reference: theirs };
}

/** What a process held at its most, beside what it holds at rest; both in MiB. */
export function printMemory(name: string, peak: number, rest: number): void {
  const [ours, reference, ratio] = [peak, rest, peak / rest];
  printFigure({ name, clients: 1, ours, reference, ratio, p50Ms: 0, p99Ms: 0, rssMb: peak });
}

/** Prints one line, rounded: ratios to two places, the rest to one. */
export function printFigure(figure: Figure): void {
  const [ours, reference, p50Ms, p99Ms] = (['ours', 'reference', 'p50Ms', 'p99Ms'] as const).map(
    (name) => rounded(figure[name]),
  );
  const ratio = rounded(figure.ratio, 1_000);
  const { name, clients, rssMb } = figure;
  const line = { name, clients, ours, reference, ratio, p50Ms, p99Ms, rssMb };
  if (json) return void process.stdout.write(`${JSON.stringify(line)}\n`);
  const numbers = [clients, ours, reference, ratio, p50Ms, p99Ms, rssMb];
  const cells = numbers.map((cell) => String(cell).padStart(10));
  process.stdout.write(`${name.padEnd(NAME_WIDTH)}${cells.join('')}\n`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function rounded(value: number, to = 10): number {
  return Math.round(value * to) / to;
}

/** This process' memory in MiB, looked at ten times a second until it is stopped. */
export function rssWatch(): { now: () => number; peak: () => number; stop: () => void } {
  const now = (): number => Math.round(process.memoryUsage().rss / 2 ** 20);
  let peak = now();
  const watch = setInterval(() => (peak = Math.max(peak, now())), 100);
  return { now, peak: () => Math.max(peak, now()), stop: () => clearInterval(watch) };
}
