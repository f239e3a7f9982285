import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { leaveSeat, seatFor } from './etcd-seat.js';

/** Also a machine under load answers within it. */
const MS = 3_000;

/** What etcd's maintenance interface is asked and answers; with a real etcd in test/ops. */
describe('moving etcd’s leader', () => {
  const servers: Server[] = [];
  const told: { who: string; body: unknown }[] = [];

  afterEach(() => {
    for (const each of servers.splice(0)) {
      each.closeAllConnections();
      each.close();
    }
    told.length = 0;
  });

  interface Played {
    readonly leader?: string;
    readonly raftIndex?: string;
    readonly isLearner?: boolean;
    readonly errors?: readonly string[];
  }

  /** A member of a host. @param said null: it takes the question and is silent */
  async function member(id: string, host: string, said: Played | null, codes = [200, 200]): Promise<string> {
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += String(chunk)));
      request.on('end', () => {
        if (said === null) return;
        const isStatus = request.url === '/v3/maintenance/status';
        if (!isStatus) told.push({ who: `${id} ${request.method} ${request.url}`, body: JSON.parse(text) });
        const body = isStatus ? { header: { member_id: id }, ...said } : { message: 'not now' };
        response.writeHead((isStatus ? codes[0] : codes[1]) ?? 200).end(JSON.stringify(body));
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    return `http://${host}:${(server.address() as AddressInfo).port}`;
  } // prettier-ignore

  const HOST = '127.0.0.1';
  /** Another host, by its name. */
  const OTHER = 'localhost';
  const follows = (raftIndex: string, more: Played = {}): Played => ({ leader: '1', raftIndex, ...more }); // prettier-ignore

  it('asks the leader to hand over to the member that has the most', async () => {
    const endpoints = [
      await member('2', OTHER, follows('90')),
      await member('1', HOST, follows('100')),
      await member('3', OTHER, follows('100')),
    ];
    const to = await leaveSeat({ endpoints, timeoutMs: MS }, HOST);
    expect(to).toMatchObject({ id: '3', endpoint: endpoints[2] });
    expect(told).toEqual([{ who: '1 POST /v3/maintenance/transfer-leadership', body: { targetID: '3' } }]); // prettier-ignore
  });

  it('passes by a learner, one under an alarm, those that are silent and one that answers with an error', async () => {
    const endpoints = [
      await member('1', HOST, follows('100')),
      await member('2', OTHER, follows('100', { isLearner: true })),
      await member('3', OTHER, follows('100', { errors: ['memberID:3 alarm:NOSPACE'] })),
      await member('4', OTHER, null),
      await member('7', OTHER, null),
      await member('5', OTHER, follows('100'), [503]),
      await member('6', OTHER, follows('80')),
    ];
    // All are asked at once: the silent ones do not add up.
    const began = performance.now();
    expect((await leaveSeat({ endpoints, timeoutMs: MS }, HOST))?.id).toBe('6');
    expect(performance.now() - began).toBeLessThan(2 * MS);
  });

  it('moves nothing where nobody else is well, or the primary’s host does not lead', async () => {
    const one = await member('1', HOST, follows('100'));
    const deaf = await member('2', OTHER, follows('100', { leader: '0' }));
    expect(await leaveSeat({ endpoints: [one, deaf], timeoutMs: MS }, HOST)).toBeNull();
    expect(await leaveSeat({ endpoints: [one, deaf], timeoutMs: MS }, OTHER)).toBeNull();
    // A member without a leader tells none, and is not taken for its own.
    const alone = await member('', HOST, {});
    expect(await leaveSeat({ endpoints: [alone, deaf], timeoutMs: MS }, HOST)).toBeNull();
    expect(told).toEqual([]);
  });

  it('says when etcd refuses', async () => {
    const endpoints = [
      await member('1', HOST, follows('100'), [200, 500]),
      await member('2', OTHER, follows('100')),
    ];
    await expect(leaveSeat({ endpoints, timeoutMs: MS }, HOST)).rejects.toThrow('etcd: 500 {"message":"not now"}'); // prettier-ignore
  });

  it('goes by numbers, not by how they are written', () => {
    const at = (id: string, index: number): Parameters<typeof seatFor>[0][number] => ({
      ...{ endpoint: `http://10.0.0.${id}:2379`, id, leader: '1', index, isFit: true },
    });
    expect(seatFor([at('1', 1_000), at('2', 999), at('3', 1_000)], '10.0.0.1')?.to.id).toBe('3');
  });
});
