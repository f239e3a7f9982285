import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { House } from './house.js';

/** A download over a connection of its own that nobody reads from yet. */
export function beginDownload(
  house: House,
  path: string,
  token: string | null,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, connection: 'close' };
    request(`${house.url}/api/v1/${path}`, { headers, agent: false }, resolve)
      .on('error', reject)
      .end();
  });
}

/** The text of a download from here on. @throws Error when it ends before it is whole */
export async function readOn(download: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of download) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

/** What a count is once it does not grow any more for a while. */
export async function restingAt(count: () => number): Promise<number> {
  for (let last = -1; ;) {
    const now = count();
    if (now === last && now > 0) return now;
    last = now;
    await sleep(700);
  }
}

/** Connections to the house's database that are inside a transaction now. */
export async function heldConnections(house: House): Promise<number> {
  const [row] = await house.rows<{ n: number }>(
    'superuser',
    `SELECT count(*)::integer AS n FROM pg_stat_activity WHERE datname = current_database()
       AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`,
  );
  return row?.n ?? 0;
}
