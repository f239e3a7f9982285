import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { writePage } from '../page.js';
import type { Balance } from './books.js';
import type { Fault } from './fault.js';

interface Row {
  readonly fault: Fault;
  /** Until what had to move had moved; null where nothing had to. */
  readonly movedMs: number | null;
  /** The longest time without an acknowledged payment. */
  readonly gapMs: number;
  /** From mending until both standbys stream again. */
  readonly wholeMs: number;
  readonly moved: boolean;
  /** How often deciders moved the name. */
  readonly flips: number;
  /** For how long the whole machine stood still meanwhile; not counted above. */
  readonly stillMs: number;
  readonly doubles: readonly string[];
  readonly balance: Balance;
  /** The second count, once there was one. */
  again: Again | null;
}

/** A count of the same payments a while after a fault was mended. */
interface Again {
  readonly seconds: number;
  readonly lost: number;
  readonly doubled: number;
}

/** What a run measured, as a page for people. */
export class Evidence {
  private readonly rows: Row[] = [];
  private readonly began = new Date();

  /** @param path the page, written again after every fault; undefined: none */
  constructor(
    private readonly kind: 'whole' | 'quick',
    private readonly againSeconds: number,
    private readonly path: string | undefined,
  ) {}

  /** Takes a fault's figures, and prints them at once: a whole run takes half an hour. */
  add(row: Omit<Row, 'again'>): void {
    this.rows.push({ ...row, again: null });
    process.stdout.write(`${cells({ ...row, again: null }).join(' | ')}\n`);
    if (this.path !== undefined) this.write(this.path);
  }

  /** Takes the second count of a fault. */
  again(fault: Fault, again: Again): void {
    const row = this.rows.find((each) => each.fault === fault);
    if (!row) throw new Error(`${fault.name} was not counted before.`);
    row.again = again;
    const { seconds, lost, doubled } = again;
    process.stdout.write(`${fault.name}: again after ${seconds} s: lost ${lost}, doubled ${doubled}\n`); // prettier-ignore
    if (this.path !== undefined) this.write(this.path);
  }

  private write(path: string): void {
    const head = ['fault', 'seen', 'name moved', 'moved after', 'promised', 'longest time without a payment', 'promised', 'whole again after', 'acknowledged so far', 'lost', 'doubled', 'two acknowledged', 'counted again after', 'lost', 'doubled']; // prettier-ignore
    const lines = [
      '# Failover: what was measured',
      '',
      `Written by \`test/ops/failover-matrix.test.ts\` itself on ${this.began.toISOString().slice(0, 16).replace('T', ' ')} UTC: the ${this.kind} run, ${this.rows.length} faults.`,
      'Hosts are network namespaces of one machine; keepalived, Patroni, etcd, PostgreSQL, BIND, Prometheus, OFITEC, its observers and',
      'deciders are real. Three tills pay by HTTP all the time, each with an idempotency key that is repeated until it is acknowledged.',
      'They find the shop by its name, asked of BIND every 5 s: the virtual address of site A, or a host of OFITEC at site B. "Name moved"',
      'counts what deciders did in a row of the table, its mending included; a person moves it back. Lost and doubled are counted at the leader that etcd’s majority names, with the tills at rest: once as soon as the cluster is whole,',
      `and once more ${this.againSeconds} s or more after the fault was mended, over all that was acknowledged until ${this.againSeconds} s after the mending.`,
      'The next fault may have come and gone meanwhile: the second count of one is taken at the end of a later one.',
      '',
      `Machine: ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)} at the end. ${versions().join(' · ')}.`,
      '',
      `| ${head.join(' | ')} |`,
      `| ${head.map(() => '---').join(' | ')} |`,
      ...this.rows.map((row) => `| ${cells(row).join(' | ')} |`),
    ];
    writePage(path, lines);
    if (this.kind === 'whole' && path === MEASURED) writePlan();
  }
}

/** Where the figures stand, and the plan that repeats what a person asks of them: how much, and how long. */
export const MEASURED = 'runbooks/evidence/failover.md';
export const PLAN = 'runbooks/dr_plan.md';
const SEEN: Readonly<Record<string, string>> = {
  ...{ 'address moved': 'la dirección', 'primary moved': 'el primario', 'served on': 'nada' },
  ...{ 'name moved': 'el nombre', 'the name stays': 'nada' },
  'writes wait until it is mended': 'nada: se espera',
  'payments wait until it is mended': 'se espera',
  'the same primary leads again': 'el mismo primario volvió',
};

/** The plan's table, from the page of what was measured: each fault with what it lost and for how long nobody could pay. */
export function recoveryTable(measured: string): string[][] {
  const [head = [], ...rows] = tableOf(measured);
  const gapAt = head.indexOf('longest time without a payment');
  const sum = (row: readonly string[], name: string): number =>
    head.reduce((all, each, n) => (each === name ? all + Number(row[n]) : all), 0);
  return [
    ['falla', 'qué cambió solo', 'RPO: perdidos, duplicados', 'RTO: sin pagos', 'prometido'],
    ...rows.map((row) => [
      row[head.indexOf('fault')] ?? '',
      (row[head.indexOf('seen')] ?? '').split(', ').map((each) => SEEN[each] ?? each).join(', '),
      `${sum(row, 'lost')}, ${sum(row, 'doubled')}`,
      row[gapAt]?.replace('all the time', 'mientras dure') ?? '',
      row[gapAt + 1] ?? '',
    ]),
  ]; // prettier-ignore
}

/** The cells of the last table of a page, its head first. */
export function tableOf(page: string): string[][] {
  const lines = page.split('\n').filter((line) => line.startsWith('|') && !/^\| *-/.test(line));
  const cellsOfLine = (line: string): string[] => line.split('|').slice(1, -1).map((cell) => cell.trim()); // prettier-ignore
  const all = lines.map(cellsOfLine);
  const width = all.at(-1)?.length;
  return all.filter((row) => row.length === width);
}

function writePlan(): void {
  const table = recoveryTable(readFileSync(MEASURED, 'utf8'));
  const [head = [], ...rows] = table.map((row) => `| ${row.join(' | ')} |`);
  const dashes = `| ${(table[0] ?? []).map(() => '---').join(' | ')} |`;
  const plan = readFileSync(PLAN, 'utf8');
  const [before = '', after = ''] = plan.split(/^\| falla [^]*?\n\n/m);
  writePage(PLAN, [`${before}${[head, dashes, ...rows].join('\n')}\n\n${after}`.trimEnd()]);
}

function cells({
  fault,
  movedMs,
  gapMs,
  wholeMs,
  moved,
  flips,
  stillMs,
  doubles,
  balance,
  again,
}: Row): string[] {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const waited = ['writes wait', 'payments wait'].includes(fault.expect);
  const seen = {
    ...{ 'writes wait': 'writes wait until it is mended', 'address moves': 'address moved' },
    ...{ 'payments wait': 'the name stays, payments wait until it is mended' },
    ...{ 'name moves': 'name moved', 'primary moves': 'primary moved', 'serves on': 'served on' },
  }[fault.expect];
  const after = fault.expect === 'payments wait' ? ' after mending' : '';
  return [
    fault.name,
    seenWith(seen, moved),
    String(flips),
    movedMs === null ? '–' : `${seconds(movedMs)}${after}`,
    fault.moveSeconds === undefined ? '–' : `${fault.moveSeconds} s`,
    waited ? 'all the time' : seconds(gapMs),
    fault.paySeconds === null ? '–' : `${fault.paySeconds} s`,
    seconds(wholeMs),
    String(balance.acknowledged),
    String(balance.lost),
    String(balance.doubled),
    stillMs > 0
      ? `${doubles.length} (the machine stood still for ${seconds(stillMs)})`
      : String(doubles.length),
    ...(again
      ? [`${again.seconds} s`, String(again.lost), String(again.doubled)]
      : ['–', '–', '–']),
  ];
}

/** What was seen, with what the primary did besides, or instead. */
function seenWith(seen: string, moved: boolean): string {
  if (seen === 'primary moved') return moved ? seen : 'the same primary leads again';
  return moved ? `${seen}, primary moved` : seen;
}

function versions(): string[] {
  const say = (command: string, args: readonly string[], name: string): string => {
    const { stdout, stderr } = spawnSync(command, [...args], { encoding: 'utf8' });
    return `${name} ${/\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? '?'}`;
  };
  return [
    say('/usr/lib/postgresql/15/bin/postgres', ['--version'], 'PostgreSQL'),
    say('grep', ['-m1', '^patroni==', 'infra/failover/patroni/requirements.txt'], 'Patroni'),
    say('etcd', ['--version'], 'etcd'),
    say('keepalived', ['--version'], 'keepalived'),
    say('named', ['-v'], 'BIND'),
    say('prometheus', ['--version'], 'Prometheus'),
    say('uname', ['-r'], 'Linux'),
    `Node ${process.versions.node}`,
  ];
}
