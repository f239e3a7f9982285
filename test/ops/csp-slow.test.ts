import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { csp, House } from '#test';
import type { Client } from '#test';

const HEAD = 'POST /csp/report/lenta?v=1 HTTP/1.1\r\nHost: localhost\r\n';
/** The server looks every 5 s for requests that take longer than 30 s. */
const LONGEST_MS = 50_000;
const DRIP_MS = 5_000;

interface Ended {
  readonly said: string;
  readonly closed: boolean;
}

/** Clients that never end what they began to say, as the server's own timeout meets them. */
describe('a slow client', () => {
  let house: House;
  let admin: Client;

  beforeAll(async () => {
    house = await House.open({ LOG_LEVEL: 'error' });
    admin = await house.as('admin');
    await admin.post('security-csp/apps', { slug: 'lenta', hosts: ['*'] });
  }, 120_000);

  /** Says the beginning, and then perhaps a byte now and again, until the server has had enough. */
  function dawdle(beginning: string, drip = ''): Promise<Ended> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
      let said = '';
      const dripping = setInterval(() => drip !== '' && socket.write(drip), DRIP_MS);
      const deadline = setTimeout(() => end(false), LONGEST_MS);
      const end = (closed: boolean): void => {
        clearInterval(dripping);
        clearTimeout(deadline);
        socket.destroy();
        resolve({ said, closed });
      };
      socket.on('data', (chunk) => (said += chunk.toString()));
      socket.on('error', () => end(true)).on('close', () => end(true));
      socket.write(beginning);
    });
  }

  it('is answered 204 or cut off, and holds up nobody', async () => {
    const body = `${HEAD}Content-Length: 1000\r\n\r\n{"csp-report"`;
    const chunked = `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{"csp`;
    const many = (count: number, make: () => Promise<Ended>): Promise<Ended[]> =>
      Promise.all(Array.from({ length: count }, make));
    const halves = many(200, () => dawdle(body));
    const drips = many(100, () => dawdle(body, ' '));
    const chunks = many(50, () => dawdle(chunked));
    const heads = many(50, () => dawdle(HEAD, 'X-More: 1\r\n'));
    await sleep(2_000);

    const { type, body: report } = csp.legacyReport({
      ...{ blocked: 'https://meanwhile.test/a.js', policy: "default-src 'self'" },
      document: 'https://lenta.example/',
    });
    const sent = await fetch(`${house.url}/csp/report/lenta?v=1`, {
      ...{ method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(report) },
    });
    expect(sent.status).toBe(204);

    const bodies = [...(await halves), ...(await drips), ...(await chunks)];
    expect(bodies.filter(({ closed }) => !closed)).toEqual([]);
    const answers = new Set(bodies.map(({ said }) => said.split('\r\n')[0]));
    expect([...answers]).toEqual(['HTTP/1.1 204 No Content']);
    for (const { said, closed } of await heads) {
      // Without the end of a head nothing says whom it was for.
      expect([closed, said === '' || /^HTTP\/1\.1 4\d\d /.test(said)]).toEqual([true, true]);
    }

    await sleep(1_500);
    const [today] = (await admin.get('security-csp/series?app=lenta')).body.items.slice(-1);
    expect(today.unreadable).toBe(bodies.length);
    const found = (await admin.get('security-csp/groups?app=lenta')).body.items;
    expect(found).toMatchObject([{ blockedOrigin: 'https://meanwhile.test' }]);
  }, 120_000);

  it('that goes away in the middle is counted, and nothing else comes of it', async () => {
    const left = Array.from({ length: 50 }, () => {
      const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`${HEAD}Content-Length: 1000\r\n\r\n{"csp-`);
      return sleep(300).then(() => socket.resetAndDestroy());
    });
    await Promise.all(left);
    await sleep(1_500);
    const [today] = (await admin.get('security-csp/series?app=lenta')).body.items.slice(-1);
    expect(today.unreadable).toBe(400);
    const health = await fetch(`${house.url}/health/ready`);
    expect(health.status).toBe(200);
  });
});
