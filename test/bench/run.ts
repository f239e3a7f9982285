import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { benchCsp } from './csp.js';
import { chargeOverHttp, rssMb, startProgram } from './load.js';
import type { Load } from './load.js';
import { inTurns, printTitles, SECONDS } from './figures.js';
import { passFirstMinute } from './first-minute.js';
import { ORDERS, prepareGround } from './ground.js';
import type { Ground } from './ground.js';
import { benchF29 } from './f29.js';
import { benchAlerts } from './alerts.js';
import { benchPast } from './past.js';
import { benchRcv } from './rcv.js';
import { benchExports } from './exports.js';
import { benchSeal } from './seal.js';
import { benchThrottle } from './throttle.js';

const PGBENCH = ['/usr/lib/postgresql/15/bin/pgbench', '/usr/bin/pgbench'].find(existsSync);
const CLIENTS = (process.env['OFITEC_BENCH_CLIENTS'] ?? '1,8,16,32').split(',').map(Number);
const wanted = process.argv.slice(2).find((word) => !word.startsWith('--'));

const BENCHES: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  payment: benchPayment,
  audit: benchAudit,
  'hot-order': benchHotOrder,
  start: benchStart,
  throttle: (ground) => benchThrottle(ground, charge),
  csp: benchCsp,
  rcv: benchRcv,
  f29: benchF29,
  alerts: benchAlerts,
  seal: benchSeal,
  exports: benchExports,
};

async function benchPayment(ground: Ground): Promise<void> {
  const server = await startProgram('server', { DATABASE_URL: ground.applicationUrl });
  for (const clients of CLIENTS) {
    await inTurns('payment', clients, () => rssMb(server.pid), {
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
  await inTurns('audit', 16, () => rssMb(server.pid), {
    ours: () => charge(ground, server.port, 16),
    reference: () => charge(ground, without.port, 16),
  });
  await server.stop();
  await without.stop();
}

async function benchHotOrder(ground: Ground): Promise<void> {
  const server = await startProgram('server', { DATABASE_URL: ground.applicationUrl });
  const hot = ground.orderIds.slice(0, 1);
  await inTurns('hot-order', 32, () => rssMb(server.pid), {
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

const names = [...Object.keys(BENCHES), 'past'];
if (wanted && !names.includes(wanted)) {
  throw new Error(`No benchmark is named ${wanted}; there are ${names.join(', ')}.`);
}
const ground = await prepareGround();
try {
  printTitles();
  if (wanted === 'past') await benchPast(ground, process.argv.slice(2));
  else await passFirstMinute(ground);
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (!wanted || wanted === name) await bench(ground);
  }
} finally {
  await ground.stop();
}
