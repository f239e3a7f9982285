import { Client as Connection } from 'pg';
import type { Ground } from './ground.js';
import { chargeOverHttp, startProgram } from './load.js';

/**
 * Puts the ground's first minute behind it: some payments, and the ANALYZE that autovacuum then does.
 * Of a table of a few rows every index looks as good as another, and a connection keeps the plan that it
 * made then: the sum of an order's cash walked the whole table, and a payment cost 11 ms after half a
 * minute of load. In a shop the first autovacuum throws such plans away, within a minute; a bench
 * whose rounds are over before that would measure how many connections were unlucky.
 */
export async function passFirstMinute(ground: Ground): Promise<void> {
  const server = await startProgram('server', { DATABASE_URL: ground.applicationUrl });
  try {
    await chargeOverHttp(server.port, { clients: 4, seconds: 2, orderIds: ground.orderIds });
  } finally {
    await server.stop();
  }
  const connection = new Connection({ connectionString: ground.superuserUrl });
  await connection.connect();
  try {
    await connection.query('ANALYZE');
  } finally {
    await connection.end();
  }
}
