import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chargeOverHttp, rssMb, startProgram } from './load.js';
import type { Load } from './load.js';
import { ORDERS, prepareGround } from './ground.js';
import type { Ground } from './ground.js';

/** One line of the result. Rates are per second, `start` is in milliseconds. */
interface Figure {
  readonly name: string;
  readonly clients: number;
  readonly ours: number;
  readonly reference: number;
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
}

const SECONDS = Number(process.env['OFITEC_BENCH_SECONDS'] ?? 3);
const ROUNDS = Number(process.env['OFITEC_BENCH_ROUNDS'] ?? 5);
const PGBENCH = ['/usr/lib/postgresql/15/bin/pgbench', '/usr/bin/pgbench'].find(existsSync);
const json = process.argv.includes('--json');
const wanted = process.argv.slice(2).find((word) => !word.startsWith('--'));

const BENCHES: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  payment: benchPayment,
  audit: benchAudit,
  'hot-order': benchHotOrder,
  start: benchStart,
};

async function benchPayment(ground: Ground): Promise<void> {
  const server = await startProgram('server', { DATABASE_URL: ground.applicationUrl });
  for (const clients of [1, 8, 16, 32]) {
    await inTurns('payment', clients, server.pid, {
      ours: () => charge(ground, server.port, clients),
      reference: async () => pgbench(ground, clients),
    });
  }
  await server.stop();
}

async function benchAudit(ground: Ground): Promise<void> {
  const env = { DATABASE_URL: ground.applicationUrl };
  const server = await startProgram('server', env);
  const without = await startProgram('server', { ...env, BENCH_EVENTS: 'off' });
  await inTurns('audit', 16, server.pid, {
    ours: () => charge(ground, server.port, 16),
    reference: () => charge(ground, without.port, 16),
  });
  await server.stop();
  await without.stop();
}

async function benchHotOrder(ground: Ground): Promise<void> {
  const server = await startProgram('server', { DATABASE_URL: ground.applicationUrl });
  const hot = ground.orderIds.slice(0, 1);
  await inTurns('hot-order', 32, server.pid, {
    ours: () => charge(ground, server.port, 32, hot),
    reference: () => charge(ground, server.port, 1, hot),
  });
  await server.stop();
}

async function benchStart(ground: Ground): Promise<void> {
  let memory = 0;
  const time = async (program: 'server' | 'bare'): Promise<Load> => {
    const started = await startProgram(program, { DATABASE_URL: ground.applicationUrl });
    if (program === 'server') memory = rssMb(started.pid);
    await started.stop();
    return { perSecond: started.readyMs, p50Ms: started.readyMs, p99Ms: started.readyMs };
  };
  await inTurns('start', 1, () => memory, {
    ours: () => time('server'),
    reference: () => time('bare'),
  });
}

function charge(
  ground: Ground,
  port: number,
  clients: number,
  orderIds: readonly string[] = ground.orderIds,
): Promise<Load> {
  return chargeOverHttp(port, { clients, seconds: SECONDS, orderIds });
}

function pgbench(ground: Ground, clients: number): Load {
  if (!PGBENCH) throw new Error('pgbench is missing: install postgresql-15');
  const { companyId, branchId, sessionId, cashierId } = ground;
  const ids = { company: companyId, branch: branchId, session: sessionId, cashier: cashierId };
  const variables = Object.entries(ids).flatMap(([name, id]) => ['-D', `${name}='${id}'`]);
  const args = ['-n', '-f', 'test/bench/payment.sql', '-T', String(SECONDS), '-c', String(clients)];
  const result = spawnSync(
    PGBENCH,
    [...args, '-j', '2', '-D', `orders=${ORDERS}`, ...variables, ground.ownerUrl],
    { encoding: 'utf8' },
  );
  const perSecond = Number(/tps = ([\d.]+)/.exec(result.stdout)?.[1]);
  if (!perSecond) throw new Error(`pgbench failed: ${result.stderr}`);
  return { perSecond, p50Ms: 0, p99Ms: 0 };
}

/** Takes turns, so that whatever else the machine does falls on both sides. */
async function inTurns(
  name: string,
  clients: number,
  memoryOf: number | (() => number),
  sides: { ours: () => Promise<Load>; reference: () => Promise<Load> },
): Promise<void> {
  const rounds: { ours: Load; reference: Load }[] = [];
  await sides.ours();
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!json) process.stderr.write(`\r${name} ${clients}: round ${round + 1} of ${ROUNDS}   `);
    rounds.push({ ours: await sides.ours(), reference: await sides.reference() });
  }
  if (!json) process.stderr.write('\r'.padEnd(40) + '\r');
  print({
    ...{ name, clients },
    ours: round(median(rounds.map(({ ours }) => ours.perSecond))),
    reference: round(median(rounds.map(({ reference }) => reference.perSecond))),
    ratio:
      Math.round(median(rounds.map((r) => r.ours.perSecond / r.reference.perSecond)) * 100) / 100,
    p50Ms: round(median(rounds.map(({ ours }) => ours.p50Ms))),
    p99Ms: round(median(rounds.map(({ ours }) => ours.p99Ms))),
    rssMb: typeof memoryOf === 'function' ? memoryOf() : rssMb(memoryOf),
  });
}

function print(figure: Figure): void {
  const { name, clients, ours, reference, ratio, p50Ms, p99Ms, rssMb: memory } = figure;
  const cells = [clients, ours, reference, ratio, p50Ms, p99Ms, memory].map((cell) =>
    String(cell).padStart(10),
  );
  process.stdout.write(`${json ? JSON.stringify(figure) : name.padEnd(12) + cells.join('')}\n`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

if (wanted && !BENCHES[wanted]) {
  throw new Error(`No benchmark is named ${wanted}; there are ${Object.keys(BENCHES).join(', ')}.`);
}
const ground = await prepareGround();
try {
  if (!json) {
    const titles = ['clients', 'ours', 'reference', 'ratio', 'p50Ms', 'p99Ms', 'rssMb'];
    process.stdout.write(`${'name'.padEnd(12)}${titles.map((t) => t.padStart(10)).join('')}\n`);
  }
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (!wanted || wanted === name) await bench(ground);
  }
} finally {
  await ground.stop();
}
