import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dropDatabase, makeDatabase } from '#test';
import { openQueue } from '../events/queue.js';
import { clientTo, serversOf } from './servers.js';
import { isUnavailable } from './sql-state.js';

const DATABASE = 'test_servers';

describe('a database of several servers', () => {
  let url: string;
  /** The same behind a server that is not there and one that is no PostgreSQL's. */
  let several: string;

  beforeAll(async () => {
    url = (await makeDatabase(DATABASE, 'demo')).application;
    several = url.replace(/@([^/]+)\//, '@127.0.0.1:1,$1/');
  });

  afterAll(() => dropDatabase(DATABASE));

  it('is named in one URL, by commas', () => {
    expect(serversOf('postgres://app:a%40b@db1:5432,db2/ofitec?sslmode=require')).toEqual([
      'postgres://app:a%40b@db1:5432/ofitec?sslmode=require',
      'postgres://app:a%40b@db2/ofitec?sslmode=require',
    ]);
    expect(serversOf('postgres://db/ofitec')).toEqual(['postgres://db/ofitec']);
    expect(serversOf('postgres:///ofitec?host=/run')).toEqual(['postgres:///ofitec?host=/run']);
  });

  it('is reached where it takes writes, by connections and by the queue', async () => {
    const client = clientTo(several);
    await client.connect();
    expect((await client.query('SELECT current_database() AS name')).rows).toEqual([
      { name: DATABASE },
    ]);
    await client.end();
    const faults: Error[] = [];
    const queue = await openQueue(several, (error) => faults.push(error));
    expect(await queue.getQueues()).not.toEqual([]);
    await queue.stop({ graceful: false });
    expect(faults).toEqual([]);
  });

  it('is unavailable while none of them takes writes', async () => {
    const readOnly = `${several}?options=-c%20default_transaction_read_only%3Don`;
    for (const address of [readOnly, several.replace(/,[^/]+/, ',127.0.0.1:2')]) {
      const error = await clientTo(address)
        .connect()
        .catch((thrown: unknown) => thrown);
      expect([String(error), isUnavailable(error)]).toEqual([
        'Error: none of the database servers takes writes',
        true,
      ]);
    }
  });
});
