import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Client,
  DEMO_PASSWORD,
  dropDatabase,
  makeDatabase,
  READY,
  runServer,
  signIn,
  until,
} from '#test';
import type { Program, TestUrls } from '#test';

/** What a process says on its standard output: JSON lines that belong to a request, without secrets. */
describe('logs', () => {
  let name: string;
  let urls: TestUrls;
  let server: Program;
  let url: string;

  beforeAll(async () => {
    name = `logs_${randomBytes(6).toString('hex')}`;
    urls = await makeDatabase(name, 'demo');
    server = runServer({ DATABASE_URL: urls.application, DATABASE_OWNER_URL: urls.owner });
    url = (await server.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
  });

  afterAll(async () => {
    await server.end('SIGTERM');
    await dropDatabase(name);
  });

  it('has one line a request, with its id, status, time and user, and no secret', async () => {
    const client = await signIn(url, 'vendedora', DEMO_PASSWORD);
    await new Client(url).post('auth/login', {
      login: 'vendedora',
      password: 'secreto-equivocado',
    });
    const asked = await client.raw(
      'get',
      '/api/v1/sales/customers?name=Cliente Ejemplo Uno',
      undefined,
      {
        'x-request-id': 'caja-1:000042',
      },
    );
    expect(asked.headers['x-request-id']).toBe('caja-1:000042');
    await server.until(/caja-1:000042.*\n/);

    const lines = server.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const line = lines.find(({ requestId }) => requestId === 'caja-1:000042');
    expect(line).toMatchObject({
      level: 'info',
      logger: 'http',
      method: 'GET',
      path: '/api/v1/sales/customers',
      status: 200,
      ip: '127.0.0.1',
      userId: expect.any(String),
      companyId: expect.any(String),
      durationMs: expect.any(Number),
    });
    expect(lines.filter(({ logger }) => logger === 'http')).toHaveLength(3);
    for (const secret of [
      client.token ?? '-',
      DEMO_PASSWORD,
      'secreto-equivocado',
      'Ejemplo Uno',
      'ofitec_app:',
    ]) {
      expect(server.output).not.toContain(secret);
    }
  });

  it('says where requests are counted, and has a line of each denied one', async () => {
    expect(server.output).toContain('requests are counted in memory, by each process for itself');
    const client = await signIn(url, 'vendedora', DEMO_PASSWORD);
    const headers = { 'x-request-id': 'caja-1:denied', 'accept-language': 'en' };
    const path = '/api/v1/base/users/0199aaaa-0000-7000-8000-000000000000?rut=11111111-1';
    expect((await client.raw('get', path, undefined, headers)).status).toBe(403);
    await server.until(/caja-1:denied[^]*caja-1:denied.*\n/);
    const lines = server.output
      .split('\n')
      .filter((line) => line.includes('"logger":"security"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ requestId }) => requestId === 'caja-1:denied')).toEqual({
      ...{ level: 'warn', time: expect.any(String), pid: server.pid, logger: 'security' },
      ...{ message: 'api_access_denied', status: 403, code: 'kernel.forbidden', method: 'GET' },
      ...{ route: '/api/v1/base/users/:id', requestId: 'caja-1:denied', ip: '127.0.0.1' },
      ...{ companyId: expect.any(String), actorId: expect.any(String), login: 'vendedora' },
    });
    expect(lines.find(({ code }) => code === 'auth.wrong-credentials')).toMatchObject({
      ...{ status: 401, route: '/api/v1/auth/login', subjectType: 'base.user' },
      subjectId: expect.any(String),
    });
    expect(server.output).not.toContain('11111111-1');
  });

  it('replaces a request id that could forge a log line', async () => {
    const answer = await new Client(url).raw('get', '/health/live', undefined, {
      'x-request-id': 'a"b{}',
    });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers 503 with Retry-After while the database is away, logs why, and recovers by itself', async () => {
    const client = await signIn(url, 'vendedora', DEMO_PASSWORD);
    await dropDatabase(name);
    const ready = await client.raw('get', '/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.headers['retry-after']).toBeDefined();
    expect((await client.raw('get', '/health/live')).status).toBe(200);
    const away = await client.get('sales/orders');
    expect([away.status, away.body.code]).toEqual([503, 'kernel.database-unavailable']);
    await server.until(/"message":"kernel.database-unavailable"/);
    await makeDatabase(name, 'demo');
    // What the probe found is told for a second.
    await until(
      'it is ready',
      async () => (await client.raw('get', '/health/ready')).status === 200,
    );
    await signIn(url, 'vendedora', DEMO_PASSWORD);
  });
});
