import { Client as Connection } from 'pg';
import { inTurns, SECONDS } from './figures.js';
import type { Ground } from './ground.js';
import { chargeOverHttp, rssMb, startProgram } from './load.js';
import { CLIENTS, perCpuSecond, readOverHttp, scrape, TOKEN } from './watch.js';
import type { Drive } from './watch.js';

const TWIN = 'ofitec_without_alerts';
const BROKEN = '/api/v1/sales/services';

/**
 * What being watched costs altogether: the house as it ships, its metrics scraped and its alerts
 * captured, beside the same house over a twin of the database in which `operational-alerts` is not
 * installed, and without metrics. Both work off their deliveries and rounds themselves.
 */
export async function benchAlerts(ground: Ground): Promise<void> {
  const twinUrl = await twinWithoutAlerts(ground);
  const env = { BENCH_WORKER: 'on' };
  const { applicationUrl, orderIds } = ground;
  const watched = await startProgram('server', {
    ...{ ...env, DATABASE_URL: applicationUrl, METRICS_TOKEN: TOKEN },
  });
  const unwatched = await startProgram('server', { ...env, DATABASE_URL: twinUrl });
  const charge: Drive = (port) =>
    chargeOverHttp(port, { clients: CLIENTS, seconds: SECONDS, orderIds });
  const turns = async (name: string, drive: Drive): Promise<void> => {
    // Both are warm before the first round: code that was never run is slower than anything measured.
    await drive(unwatched.port);
    await inTurns(name, CLIENTS, () => rssMb(watched.pid), {
      ours: async () => {
        await scrape(watched.port);
        return perCpuSecond(watched, drive);
      },
      reference: () => perCpuSecond(unwatched, drive),
    });
  };
  try {
    await turns('alerts-pay', charge);
    await turns('alerts-read', (port) => readOverHttp(port));
    await forBoth(ground, 'REVOKE SELECT ON sales_service FROM ofitec_app');
    await turns('alerts-fail', (port) => readOverHttp(port, BROKEN, 500));
    await forBoth(ground, 'GRANT SELECT ON sales_service TO ofitec_app');
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

async function forBoth({ ownerUrl }: Ground, sql: string): Promise<void> {
  await run(ownerUrl, sql);
  await run(databaseOf(ownerUrl, TWIN), sql);
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
