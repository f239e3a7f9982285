import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import type { House } from './house.js';

const WAITING = `SELECT count(*)::integer AS waiting FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

/**
 * Holds rows until so many others wait for them, so that they meet there for certain, and answers
 * what came of their work.
 *
 * @param sql selects the rows FOR UPDATE
 */
export async function meetAt<T>(
  house: House,
  sql: string,
  { waiters, work }: { readonly waiters: number; readonly work: () => Promise<T> },
): Promise<T> {
  const rival = new Connection({ connectionString: house.urls.owner });
  await rival.connect();
  try {
    await rival.query('BEGIN');
    await rival.query(sql);
    const working = work();
    for (let tries = 0; tries < 500; tries += 1) {
      // On another connection: inside a transaction the view stands still.
      const [row] = await house.rows<{ waiting: number }>('superuser', WAITING);
      if ((row?.waiting ?? 0) >= waiters) break;
      await sleep(20);
    }
    await rival.query('ROLLBACK');
    return await working;
  } finally {
    await rival.end();
  }
}
