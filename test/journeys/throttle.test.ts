import { beforeAll, describe, expect, it } from '@jest/globals';
import { DEMO_PASSWORD, House, kernel } from '#test';

interface Asked {
  readonly ip?: string;
  readonly token?: string;
  readonly body?: object | string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** Three limits: by address, by user, and by user for what is sensitive. */
describe('throttling', () => {
  let house: House;

  beforeAll(async () => {
    house = await House.open({
      API_THROTTLE_ANON_IP_RATE: '8/min',
      API_THROTTLE_USER_RATE: '20/min',
      API_THROTTLE_SENSITIVE_USER_RATE: '3/min',
      TRUSTED_PROXIES: '127.0.0.1',
    });
  });

  async function ask(path: string, asked: Asked = {}, at = house): Promise<Answer> {
    const { ip, token, body, method = body === undefined ? 'GET' : 'POST', headers = {} } = asked;
    const answer = await fetch(at.url + path, {
      method,
      headers: {
        ...(ip ? { 'x-forwarded-for': ip } : {}),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    return {
      status: answer.status,
      headers: answer.headers,
      body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  }

  /** The statuses of so many requests, one after another. */
  async function times(count: number, path: string, asked: Asked, at = house): Promise<number[]> {
    const statuses: number[] = [];
    for (let n = 0; n < count; n += 1) statuses.push((await ask(path, asked, at)).status);
    return statuses;
  }

  async function tokenOf(login: string, ip: string): Promise<string> {
    const body = { login, password: DEMO_PASSWORD };
    const answer = await ask('/api/v1/auth/login', { ip, body });
    expect(answer.status).toBe(200);
    return String(answer.body['token']);
  }

  /** How often it is looked up who sends a request. */
  async function countLookups(work: () => Promise<void>): Promise<number> {
    const authenticator = house.app.get(kernel.Authenticator, { strict: false });
    const authenticate = authenticator.authenticate.bind(authenticator);
    let count = 0;
    authenticator.authenticate = (request) => {
      count += 1;
      return authenticate(request);
    };
    await work();
    authenticator.authenticate = authenticate;
    return count;
  }

  const of = (count: number, status: number): number[] =>
    Array.from({ length: count }, () => status);

  it('counts requests that prove nobody by address, and says how it stands', async () => {
    const ip = '203.0.113.1';
    const first = await ask('/api/v1/auth/me', { ip });
    expect(first.status).toBe(401);
    expect(first.headers.get('ratelimit-policy')).toBe('"anonymous";q=8;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"anonymous";r=7;t=(60|59)$/);
    expect(await times(7, '/problems', { ip })).toEqual(of(7, 200));

    const refused = await ask('/api/v1/auth/me', { ip });
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({
      type: '/problems/kernel.too-many-requests',
      code: 'kernel.too-many-requests',
      status: 429,
      title: 'Demasiadas solicitudes; espere antes de seguir',
      requestId: expect.any(String),
      limit: 'anonymous',
    });
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(50);
    expect(wait).toBeLessThanOrEqual(60);
    expect(refused.headers.get('ratelimit')).toBe(`"anonymous";r=0;t=${wait}`);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');

    const english = await ask('/problems', { ip, headers: { 'accept-language': 'en' } });
    expect([english.status, english.body['title']]).toEqual([
      429,
      'Too many requests; wait before you go on',
    ]);
    expect((await ask('/problems', { ip: '203.0.113.2' })).status).toBe(200);
  });

  it('counts what no guard sees: unknown routes, unreadable bodies, the documentation', async () => {
    for (const [number, path, asked, status] of [
      [3, '/api/v1/nothing/here', {}, 404],
      [4, '/api/v1/auth/login', { body: '{"login": ' }, 400],
      [5, '/openapi.json', {}, 200],
      [6, '/api/v1/nothing', { headers: { cookie: 'a=b' } }, 404],
    ] as const) {
      const ip = `203.0.113.${number}`;
      expect([path, await times(8, path, { ip, ...asked })]).toEqual([path, of(8, status)]);
      expect([path, await times(2, path, { ip, ...asked })]).toEqual([path, of(2, 429)]);
    }
  });

  it('counts tokens that prove nobody for the address, and then asks no more who it is', async () => {
    const ip = '203.0.113.10';
    const token = (n: number): string => String(n).repeat(43).slice(0, 43);
    const lookedUp = await countLookups(async () => {
      for (let n = 0; n < 12; n += 1) {
        const { status } = await ask('/api/v1/auth/me', { ip, token: token(n) });
        expect([n, status]).toEqual([n, n < 8 ? 401 : 429]);
      }
    });
    expect(lookedUp).toBe(8);
  });

  it('lets known users work from an address whose strangers are refused', async () => {
    const ip = '203.0.113.11';
    const seen = await tokenOf('contador', ip);
    const unseen = await tokenOf('contador', ip);
    expect((await ask('/api/v1/auth/me', { ip, token: seen })).status).toBe(200);
    await times(6, '/problems', { ip });
    expect((await ask('/problems', { ip })).status).toBe(429);
    expect((await ask('/api/v1/auth/me', { ip, token: seen })).status).toBe(200);
    expect((await ask('/api/v1/auth/me', { ip, token: unseen })).status).toBe(429);
    expect((await ask('/api/v1/auth/me', { ip: '203.0.113.12', token: unseen })).status).toBe(200);
    // Good a moment ago and ended since: it is looked up once more, and then no longer.
    await ask('/api/v1/auth/logout', { ip, token: seen, method: 'POST' });
    const lookedUp = await countLookups(async () => {
      expect(await times(3, '/api/v1/auth/me', { ip, token: seen })).toEqual(of(3, 429));
    });
    expect(lookedUp).toBe(1);
  });

  it('counts a user over all sessions, addresses and refusals, and no other user', async () => {
    const tokens = [
      await tokenOf('vendedora', '203.0.113.20'),
      await tokenOf('vendedora', '203.0.113.21'),
    ];
    const statuses: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      const path = n % 4 === 3 ? '/api/v1/base/users' : '/api/v1/auth/me';
      const ip = `198.51.100.${n}`;
      statuses.push((await ask(path, { ip, token: tokens[n % 2] ?? '' })).status);
    }
    expect(statuses).toEqual(Array.from({ length: 20 }, (_, n) => (n % 4 === 3 ? 403 : 200)));
    const refused = await ask('/api/v1/auth/me', { ip: '198.51.100.99', token: tokens[0] ?? '' });
    expect([refused.status, refused.body['limit']]).toEqual([429, 'user']);
    expect(refused.headers.get('ratelimit-policy')).toBe('"user";q=20;w=60');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const other = await tokenOf('vendedora.norte', '203.0.113.22');
    expect((await ask('/api/v1/auth/me', { token: other })).status).toBe(200);
  });

  it('counts sensitive routes apart, and takes nothing from the others', async () => {
    const token = await tokenOf('admin', '203.0.113.30');
    const body = { login: 'x', name: 'y', roles: [] };
    const exported = await ask('/api/v1/audit/export?format=csv', { token });
    expect(exported.status).toBe(200);
    expect(exported.headers.get('ratelimit-policy')).toBe('"user";q=20;w=60, "sensitive";q=3;w=60');
    expect(exported.headers.get('ratelimit')).toMatch(/^"user";r=19;t=\d+, "sensitive";r=2;t=\d+$/);
    expect(await times(2, '/api/v1/base/users', { token, body })).toEqual(of(2, 400));
    const refused = await ask('/api/v1/base/users', { token, body });
    expect([refused.status, refused.body['limit']]).toEqual([429, 'sensitive']);
    expect((await ask('/api/v1/audit/export?format=csv', { token })).status).toBe(429);
    expect(await times(5, '/api/v1/base/users', { token })).toEqual(of(5, 200));
  });

  it('counts neither health nor the questions that browsers ask on their own', async () => {
    const ip = '203.0.113.40';
    expect(await times(12, '/health/ready', { ip })).toEqual(of(12, 200));
    await times(12, '/api/v1/sales/orders', { ip, method: 'OPTIONS' });
    expect(await times(8, '/problems', { ip })).toEqual(of(8, 200));
    expect(await times(2, '/problems', { ip })).toEqual(of(2, 429));
    expect((await ask('/health/live', { ip })).status).toBe(200);
  });

  it('counts an IPv6 network of 64 bits as one, and the address that the proxy saw', async () => {
    for (let n = 0; n < 8; n += 1) {
      expect((await ask('/problems', { ip: `2001:db8:1:2:${n}::${n}` })).status).toBe(200);
    }
    expect((await ask('/problems', { ip: '2001:db8:1:2:ffff::1' })).status).toBe(429);
    expect((await ask('/problems', { ip: '2001:db8:1:3::1' })).status).toBe(200);
    for (let n = 0; n < 8; n += 1) {
      expect((await ask('/problems', { ip: `10.9.8.${n}, 203.0.113.50` })).status).toBe(200);
    }
    expect((await ask('/problems', { ip: '10.9.8.9, 203.0.113.50' })).status).toBe(429);
    expect((await ask('/problems', { ip: '::ffff:203.0.113.50' })).status).toBe(429);
  });

  it('does not believe a stranger who says to stand for others', async () => {
    const alone = await House.open({ API_THROTTLE_ANON_IP_RATE: '5/min' });
    for (let n = 0; n < 5; n += 1) {
      expect((await ask('/problems', { ip: `203.0.113.${n}` }, alone)).status).toBe(200);
    }
    expect((await ask('/problems', { ip: '203.0.113.99' }, alone)).status).toBe(429);
    await alone.close();
  });
});
