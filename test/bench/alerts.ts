import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { inTurns, SECONDS } from './figures.js';
import type { Ground } from './ground.js';
import { chargeOverHttp, rssMb, startProgram } from './load.js';
import type { Load, Loaded } from './load.js';
import { CLIENTS, cpuSeconds, perCpuSecond, readOverHttp, scrape, TOKEN } from './watch.js';
import type { Drive } from './watch.js';

const TWIN = 'ofitec_without_alerts';
const IDLE_SECONDS = 5;
const BROKEN = '/api/v1/sales/services';

/**
 * What being watched costs altogether. A request: the house as it ships, its metrics on and its errors
 * captured, beside the same process while it neither counts, times nor captures. Then a second in which
 * nobody asks for anything, with a worker: beside the house without metrics over a twin of the database in which
 * `operational-alerts` is not installed. Rounds cost the same however much there is to do.
 */
export async function benchAlerts(ground: Ground): Promise<void> {
  const { applicationUrl, orderIds } = ground;
  const ours = { DATABASE_URL: applicationUrl, METRICS_TOKEN: TOKEN };
  const server = await startProgram('server', { ...ours, BENCH_WATCH: 'switched' });
  const charge: Drive = (port) =>
    chargeOverHttp(port, { clients: CLIENTS, seconds: SECONDS, orderIds });
  const round = async (signal: 'SIGUSR2' | 'SIGHUP', drive: Drive): Promise<Load> => {
    process.kill(server.pid, signal);
    await scrape(server.port);
    return perCpuSecond(server, drive);
  };
  const turns = async (name: string, drive: Drive): Promise<void> =>
    inTurns(name, CLIENTS, () => rssMb(server.pid), {
      ours: () => round('SIGUSR2', drive),
      reference: () => round('SIGHUP', drive),
    });
  try {
    await turns('alerts-pay', charge);
    await turns('alerts-read', (port) => readOverHttp(port));
    await run(ground.ownerUrl, 'REVOKE SELECT ON sales_service FROM ofitec_app');
    await turns('alerts-fail', (port) => readOverHttp(port, BROKEN, 500));
    await run(ground.ownerUrl, 'GRANT SELECT ON sales_service TO ofitec_app');
  } finally {
    await server.stop();
  }
  await benchIdle(ours, { DATABASE_URL: await twinWithoutAlerts(ground) });
}

/** Milliseconds of processor time in a second in which nobody asks for anything. */
async function benchIdle(
  ours: Readonly<Record<string, string>>,
  reference: Readonly<Record<string, string>>,
): Promise<void> {
  const worker = { BENCH_WORKER: 'on' };
  const watched = await startProgram('server', { ...ours, ...worker });
  const unwatched = await startProgram('server', { ...reference, ...worker });
  const rest = async ({ pid }: Loaded): Promise<Load> => {
    const before = cpuSeconds(pid);
    await sleep(IDLE_SECONDS * 1_000);
    return { perSecond: ((cpuSeconds(pid) - before) * 1_000) / IDLE_SECONDS, p50Ms: 0, p99Ms: 0 };
  };
  try {
    await inTurns('alerts-idle', 0, () => rssMb(watched.pid), {
      ours: () => rest(watched),
      reference: () => rest(unwatched),
    });
  } finally {
    await watched.stop();
    await unwatched.stop();
  }
}

/** The same rows in a database of its own, as if the addon had been taken out. @returns its URL */
async function twinWithoutAlerts({ applicationUrl, superuserUrl }: Ground): Promise<string> {
  const name = new URL(applicationUrl).pathname.slice(1);
  await run(databaseOf(superuserUrl, 'postgres'), `CREATE DATABASE ${TWIN} TEMPLATE "${name}"`);
  await run(
    databaseOf(superuserUrl, TWIN),
    `DELETE FROM kernel_addon WHERE name = 'operational-alerts'`,
  );
  return databaseOf(applicationUrl, TWIN);
}

function databaseOf(address: string, name: string): string {
  const url = new URL(address);
  url.pathname = `/${name}`;
  return url.href;
}

async function run(url: string, sql: string): Promise<void> {
  const connection = new Connection({ connectionString: url });
  await connection.connect();
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}
