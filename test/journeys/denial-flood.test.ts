import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Connection } from 'pg';
import { dropDatabase, makeDatabase, READY, runServer } from '#test';
import type { Program, TestUrls } from '#test';

const REQUESTS = 10_000;

type Line = Readonly<Record<string, unknown>>;

/** Ten thousand refusals leave a bounded number of lines and rows, and every one of them is counted. */
describe('a flood of denied requests', () => {
  let name: string;
  let urls: TestUrls;
  let server: Program;
  let port: number;
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });

  beforeAll(async () => {
    name = `flood_${randomBytes(6).toString('hex')}`;
    urls = await makeDatabase(name, 'demo');
    server = runServer({
      DATABASE_URL: urls.application,
      TRUSTED_PROXIES: '127.0.0.1',
      API_THROTTLE_ANON_IP_RATE: '600/min',
    });
    port = Number(new URL((await server.until(READY))[1] ?? '').port);
  });

  afterAll(async () => {
    agent.destroy();
    await server.end('SIGKILL');
    await dropDatabase(name);
  });

  function ask(n: number): Promise<number> {
    // Half from one address, which is soon over its limit; half from two thousand others.
    const ip = n % 2 === 0 ? '203.0.113.1' : `198.51.${100 + (n % 8)}.${(n >> 3) % 250}`;
    return new Promise((resolve, reject) => {
      const headers = { 'x-forwarded-for': ip, authorization: `Bearer ${'x'.repeat(43)}` };
      request({ agent, port, host: '127.0.0.1', path: '/api/v1/auth/me', headers }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
      })
        .once('error', reject)
        .end();
    });
  }

  async function rows(action: string): Promise<{ payload: { count: number } }[]> {
    const owner = new Connection({ connectionString: urls.owner });
    await owner.connect();
    try {
      const sql = 'SELECT payload FROM kernel_event WHERE action = $1';
      return (await owner.query<{ payload: { count: number } }>(sql, [action])).rows;
    } finally {
      await owner.end();
    }
  }

  it('fills neither the log nor the database, and loses no count', async () => {
    const started = Date.now();
    let next = 0;
    const statuses = new Map<number, number>();
    const client = async (): Promise<void> => {
      while (next < REQUESTS) {
        const status = await ask((next += 1));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 32 }, client));
    expect([...statuses.keys()].sort()).toEqual([401, 429]);
    await server.end('SIGTERM');

    const minutes = Math.ceil((Date.now() - started) / 60_000) + 1;
    const lines = server.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);
    const of = (message: string): Line[] =>
      lines.filter((line) => line['logger'] === 'security' && line['message'] === message);
    const recorded = of('api_access_denied');
    const suppressed = of('api_access_denied_suppressed');
    expect(recorded.length).toBeGreaterThanOrEqual(60);
    expect(recorded.length).toBeLessThanOrEqual(60 * minutes);
    expect(suppressed.length).toBeGreaterThanOrEqual(1);
    expect(suppressed.length).toBeLessThanOrEqual(minutes);
    const requestLines = lines.filter((line) => line['logger'] === 'http');
    expect(requestLines).toHaveLength(recorded.length);
    const counted = suppressed.reduce((sum, line) => sum + Number(line['count']), 0);
    expect(recorded.length + counted).toBe(REQUESTS);
    const fromOne = recorded.filter((line) => line['ip'] === '203.0.113.1');
    expect(fromOne.length).toBeLessThanOrEqual(10 * minutes);

    expect(await rows('access.denied')).toHaveLength(recorded.length);
    const told = await rows('access.denials_suppressed');
    expect(told.reduce((sum, { payload }) => sum + payload.count, 0)).toBe(counted);
  });
});
