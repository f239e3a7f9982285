import { PgBoss } from 'pg-boss';
import { clientTo, connecting } from '../database/servers.js';

/** Jobs that wait for a handler. */
export const DELIVERIES = 'ofitec-deliveries';
/** Jobs whose handler calls out of the house: a queue of their own, since strangers are slow. */
export const OUTSIDE_DELIVERIES = 'ofitec-outside';
/** Jobs for handlers of an addon that is installed and not at hand: a newer release brought it in, and was taken back. */
export const WAITING_DELIVERIES = 'ofitec-waiting';
/** Jobs whose handler failed to the end; each becomes an event. */
export const FAILED_DELIVERIES = 'ofitec-deliveries-failed';

const TEN_YEARS_S = 10 * 365 * 86_400;

const SCHEMA = 'pgboss';
/** The table of jobs, of every queue. */
export const JOBS = `${SCHEMA}.job`;

/** Makes or upgrades the queue's own schema as the owner and opens it to the application. */
export async function installQueue(ownerUrl: string): Promise<void> {
  const boss = new PgBoss({
    ...connecting(ownerUrl),
    schema: SCHEMA,
    schedule: false,
    supervise: false,
    max: 2,
  });
  boss.on('error', () => undefined);
  await boss.start();
  try {
    await boss.createQueue(FAILED_DELIVERIES, { retryLimit: 12, retryDelay: 60 });
    // Nobody knows when that release comes back; unless told, the queue forgets what was not fetched for 14 days.
    await boss.createQueue(WAITING_DELIVERIES, { retryLimit: 12, retentionSeconds: TEN_YEARS_S });
    for (const name of [DELIVERIES, OUTSIDE_DELIVERIES]) {
      await boss.createQueue(name, {
        retryLimit: 12,
        retryDelay: 1,
        retryBackoff: true,
        retryDelayMax: 900,
        expireInSeconds: 300,
        deadLetter: FAILED_DELIVERIES,
      });
    }
  } finally {
    await boss.stop({ graceful: false });
  }
  const client = clientTo(ownerUrl);
  await client.connect();
  try {
    await client.query(`
      GRANT USAGE ON SCHEMA ${SCHEMA} TO ofitec_app;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO ofitec_app;
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${SCHEMA} TO ofitec_app;
      GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${SCHEMA} TO ofitec_app`);
  } finally {
    await client.end();
  }
}

/** The queue as the application sees it: no DDL, no statistics of its own. */
export async function openQueue(
  applicationUrl: string,
  onError: (error: Error) => void,
): Promise<PgBoss> {
  const boss = new PgBoss({
    ...connecting(applicationUrl),
    schema: SCHEMA,
    migrate: false,
    createSchema: false,
    schedule: false,
    persistQueueStats: false,
    reindex: false,
    max: 2,
    application_name: 'ofitec queue',
  });
  boss.on('error', onError);
  await boss.start();
  return boss;
}
