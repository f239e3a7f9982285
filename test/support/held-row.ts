import { Client as Connection } from 'pg';
import type { House } from './house.js';
import { until } from './until.js';

const WAITING = `SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

/**
 * Waits until so many connections of a database wait for a lock: what was sent is there, and not merely sent.
 *
 * @param url of a superuser
 * @throws Error when they do not come
 */
export async function waitsForLock(url: string, waiters = 1): Promise<void> {
  // On a connection of its own: inside a transaction the view stands still.
  const looking = new Connection({ connectionString: url });
  await looking.connect();
  try {
    await until(`${waiters} wait for a lock`, async () => {
      const { rows } = await looking.query(WAITING);
      return rows.length >= waiters;
    });
  } finally {
    await looking.end();
  }
}

/**
 * Holds rows until so many others wait for them, so that they meet there for certain, and answers
 * what came of their work.
 *
 * @param sql selects the rows FOR UPDATE
 * @throws Error when they do not meet
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
    working.catch(() => {});
    await waitsForLock(house.urls.superuser, waiters);
    await rival.query('ROLLBACK');
    return await working;
  } finally {
    await rival.end();
  }
}

/**
 * Does work while a name is locked (`Database.lockName`), and lets go once somebody waits for it.
 *
 * @throws Error when nobody comes to wait
 */
export async function whileLocked<T>(
  url: string,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const connection = new Connection({ connectionString: url });
  await connection.connect();
  try {
    await connection.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name]);
    const working = work();
    working.catch(() => {});
    await until('somebody waits for the lock', async () => {
      const { rows } = await connection.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return rows.length > 0;
    });
    await connection.query('SELECT pg_advisory_unlock_all()');
    return await working;
  } finally {
    await connection.end();
  }
}
