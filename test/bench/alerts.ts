import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { inTurns, printFigure, progress, ROUNDS, SECONDS } from './figures.js';
import type { Ground } from './ground.js';
import { chargeOverHttp, rssMb, startProgram } from './load.js';
import type { Load, Loaded } from './load.js';
import { perCpuSecond, ratioOf, turnsUnder } from './turns.js';
import type { Turn } from './turns.js';
import { CLIENTS, cpuSeconds, readOverHttp, scrape, TOKEN } from './watch.js';
import type { Drive } from './watch.js';

const TWIN = 'ofitec_without_alerts';
const IDLE_SECONDS = 5;
const SCRAPES = 20;
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
  const server = await startProgram('server', { ...ours, BENCH_WATCH: 'turns' });
  // One load without a pause: a password is as much work as five hundred reads.
  const seconds = SECONDS * ROUNDS * 2;
  const compare = async (name: string, drive: Drive): Promise<void> => {
    progress(`${name}: ${seconds} s`);
    const turns = await turnsUnder(server.child, () => drive(server.port));
    progress('');
    printTurns(name, turns, rssMb(server.pid));
  };
  try {
    await compare('alerts-pay', (port) =>
      chargeOverHttp(port, { clients: CLIENTS, seconds, orderIds }),
    );
    await compare('alerts-read', (port) => readOverHttp(port, { seconds }));
    await run(ground.ownerUrl, 'REVOKE SELECT ON sales_service FROM ofitec_app');
    await compare('alerts-fail', (port) =>
      readOverHttp(port, { path: BROKEN, status: 500, seconds }),
    );
    await run(ground.ownerUrl, 'GRANT SELECT ON sales_service TO ofitec_app');
  } finally {
    await server.stop();
  }
  await benchScrape(ours);
  await benchIdle(ours, { DATABASE_URL: await twinWithoutAlerts(ground) });
}

/** The comparison, its bounds, and how far half of what is ours comes out from the other half. */
function printTurns(name: string, turns: readonly Turn[], memory: number): void {
  const [on, off, again] = (['on', 'off', 'again'] as const).map((side) =>
    perCpuSecond(turns.map((turn) => turn[side])),
  ) as [number, number, number];
  const line = (text: string, ours: number, reference: number, ratio: number): void =>
    printFigure({
      ...{ name: text, clients: CLIENTS, ours, reference, ratio },
      ...{ p50Ms: 0, p99Ms: 0, rssMb: memory },
    });
  const all = ratioOf(
    turns,
    (turn) => perCpuSecond([turn.on, turn.again]) / perCpuSecond([turn.off]),
  );
  const twin = ratioOf(turns, (turn) => perCpuSecond([turn.on]) / perCpuSecond([turn.again]));
  const ours = (on + again) / 2;
  line(name, ours, off, all.ratio);
  line(`${name}, at least`, ours, off, all.least);
  line(`${name}, at most`, ours, off, all.most);
  line(`${name}, the twin`, on, again, twin.ratio);
}

/** Milliseconds of processor time that a scrape takes, beside an answer that is as plain as can be. */
async function benchScrape(ours: Readonly<Record<string, string>>): Promise<void> {
  const server = await startProgram('server', ours);
  const each = async (ask: () => Promise<unknown>): Promise<Load> => {
    const before = cpuSeconds(server.pid);
    for (let n = 0; n < SCRAPES; n += 1) await ask();
    const perSecond = ((cpuSeconds(server.pid) - before) * 1_000) / SCRAPES;
    return { perSecond, p50Ms: 0, p99Ms: 0 };
  };
  try {
    await inTurns('alerts-scrape, ms', 1, () => rssMb(server.pid), {
      ours: () => each(() => scrape(server.port)),
      reference: () =>
        each(async () => (await fetch(`http://127.0.0.1:${server.port}/health/live`)).text()),
    });
  } finally {
    await server.stop();
  }
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
