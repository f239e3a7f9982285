import { spawnSync } from 'node:child_process';
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
    const head = ['fault', 'seen', 'moved after', 'promised', 'longest time without a payment', 'promised', 'whole again after', 'acknowledged so far', 'lost', 'doubled', 'two acknowledged', 'counted again after', 'lost', 'doubled']; // prettier-ignore
    const lines = [
      '# Failover: what was measured',
      '',
      `Written by \`test/ops/failover-matrix.test.ts\` itself on ${this.began.toISOString().slice(0, 16).replace('T', ' ')} UTC: the ${this.kind} run, ${this.rows.length} faults.`,
      'Hosts are network namespaces of one machine; keepalived, Patroni, etcd, PostgreSQL and OFITEC are real. Three tills pay by HTTP',
      'over the virtual address all the time, each with an idempotency key that is repeated until it is acknowledged. Lost and',
      'doubled are counted at the leader that etcd’s majority names, with the tills at rest: once as soon as the cluster is whole,',
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
  }
}

function cells({
  fault,
  movedMs,
  gapMs,
  wholeMs,
  moved,
  stillMs,
  doubles,
  balance,
  again,
}: Row): string[] {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const waited = fault.expect === 'writes wait';
  return [
    fault.name,
    waited ? 'writes wait until it is mended' : moved ? 'primary moved' : fault.expect === 'address moves' ? 'address moved' : 'served on', // prettier-ignore
    movedMs === null ? '–' : seconds(movedMs),
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
    say('uname', ['-r'], 'Linux'),
    `Node ${process.versions.node}`,
  ];
}
