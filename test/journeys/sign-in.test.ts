import { beforeAll, describe, expect, it } from '@jest/globals';
import { DEMO_PASSWORD, House, operationsOf, setPassword } from '#test';

/** Signing in and out: by header, by cookie, and not from another site. */
describe('sign-in', () => {
  let house: House;

  beforeAll(async () => {
    house = await House.open({ TRUSTED_ORIGINS: 'https://caja.example.cl' });
  });

  async function signInFor(login = 'vendedora'): Promise<{ token: string; cookie: string }> {
    const answer = await house.nobody.post('auth/login', { login, password: DEMO_PASSWORD });
    expect(answer.status).toBe(200);
    const [cookie = ''] = answer.headers['set-cookie'] as unknown as string[];
    return { token: String(answer.body.token), cookie };
  }

  it('answers a token, its end and the user, and a cookie that scripts cannot read', async () => {
    const answer = await house.nobody.post('auth/login', {
      login: 'VENDEDORA',
      password: DEMO_PASSWORD,
    });
    expect(answer.body.user).toMatchObject({ login: 'vendedora', roles: ['vendedora'] });
    const end = new Date(String(answer.body.expiresAt)).getTime();
    expect(Math.abs(end - Date.now() - 28_800_000)).toBeLessThan(60_000);
    const { cookie } = await signInFor();
    expect(cookie).toMatch(/^ofitec_session=[\w-]{43};/);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect(cookie).not.toMatch(/Secure/);
  });

  it('tells a wrong login, a wrong password and a disabled user not apart', async () => {
    const admin = await house.as('admin');
    const user = await admin.get('base/users?login=vendedora.norte');
    const disabled = user.body.items[0];
    await admin.patch(`base/users/${disabled.id}`, { active: false }, disabled.version);
    const answers = await Promise.all([
      house.nobody.post('auth/login', { login: 'nadie', password: DEMO_PASSWORD }),
      house.nobody.post('auth/login', { login: 'vendedora', password: 'no es esta' }),
      house.nobody.post('auth/login', { login: 'vendedora.norte', password: DEMO_PASSWORD }),
    ]);
    for (const { status, body } of answers) {
      expect(status).toBe(401);
      expect(body).toEqual({
        type: '/problems/auth.wrong-credentials',
        code: 'auth.wrong-credentials',
        status: 401,
        title: 'Usuario o contraseña incorrectos',
        requestId: expect.any(String),
      });
    }
  });

  it('ends the session of a user who is disabled, at once', async () => {
    const admin = await house.as('admin');
    const encargada = await house.as('encargada');
    expect((await encargada.get('auth/me')).status).toBe(200);
    const user = (await admin.get('base/users?login=encargada')).body.items[0];
    await admin.patch(`base/users/${user.id}`, { active: false }, user.version);
    expect((await encargada.get('auth/me')).status).toBe(401);
  });

  it('ends every session of a user whose password is changed', async () => {
    const client = await house.as('vendedora');
    const me = await client.get('auth/me');
    const { id, companyId } = me.body.user as { id: string; companyId: string };
    await setPassword(house, companyId, id, DEMO_PASSWORD);
    expect((await client.get('auth/me')).status).toBe(401);
    await house.as('vendedora');
  });

  it('lets a page of a trusted origin ask first, and no other', async () => {
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${house.url}/api/v1/sales/orders`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,idempotency-key',
        },
      });
    const trusted = await preflight('https://caja.example.cl');
    expect(trusted.headers.get('access-control-allow-origin')).toBe('https://caja.example.cl');
    expect(trusted.headers.get('access-control-allow-credentials')).toBe('true');
    const methods = trusted.headers.get('access-control-allow-methods') ?? '';
    for (const { method } of operationsOf(house.openApi())) expect(methods).toContain(method);
    const other = await preflight('https://malo.example');
    expect(other.headers.get('access-control-allow-origin')).not.toBe('https://malo.example');
  });

  it('ends a session at its absolute end', async () => {
    const client = await house.as('vendedora');
    expect((await client.get('auth/me')).status).toBe(200);
    await house.rows('owner', `UPDATE auth_session SET expires_at = now() - interval '1 second'`);
    expect((await client.get('auth/me')).status).toBe(401);
  });

  it('keeps the last administrator, whoever takes the others away at once', async () => {
    const own = await House.open();
    const admin = await own.as('admin');
    const me = (await admin.get('base/users?login=admin')).body.items[0];
    for (const edit of [{ active: false }, { roles: ['encargada'] }]) {
      const refused = await admin.patch(`base/users/${String(me.id)}`, edit, Number(me.version));
      expect([refused.status, refused.body.code]).toEqual([409, 'base.last-admin']);
    }
    const other = await admin.post('base/users', { login: 'otra', name: 'Otra', roles: ['admin'] });
    const answers = await Promise.all([
      admin.patch(`base/users/${String(me.id)}`, { roles: [] }, Number(me.version)),
      admin.patch(`base/users/${String(other.body.id)}`, { active: false }, 1),
    ]);
    // The slower one finds no administrator left to be, or is no administrator any more.
    expect([409, 403]).toContain(Math.max(...answers.map(({ status }) => status)));
    const sql = `SELECT 1 FROM base_user WHERE active AND 'admin' = ANY(roles)`;
    expect(await own.rows('owner', sql)).toHaveLength(1);
    await own.close();
  });

  it('keeps the token out of the database', async () => {
    const { token } = await signInFor();
    const rows = await house.rows<{ all: string }>(
      'owner',
      'SELECT s::text AS all FROM auth_session s',
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.some(({ all }) => all.includes(token))).toBe(false);
  });

  it('ends the session at sign-out and refuses nonsense tokens', async () => {
    const client = await house.as('vendedora');
    const out = await client.post('auth/logout');
    expect(out.status).toBe(204);
    const after = await client.get('auth/me');
    expect(after.status).toBe(401);
    expect(after.headers['www-authenticate']).toContain('Bearer');
    for (const authorization of ['Bearer x', 'Basic abc', `Bearer ${'a'.repeat(43)}`, 'Bearer']) {
      const answer = await fetch(`${house.url}/api/v1/auth/me`, { headers: { authorization } });
      expect(answer.status).toBe(401);
    }
  });

  it('takes the cookie for reads, and for writes only from its own site or a trusted origin', async () => {
    const { cookie } = await signInFor();
    const pair = cookie.split(';')[0] ?? '';
    const send = (headers: Record<string, string>, method = 'POST'): Promise<Response> =>
      fetch(`${house.url}/api/v1/sales/customers`, {
        method,
        headers: { cookie: pair, 'content-type': 'application/json', ...headers },
        ...(method === 'POST' ? { body: JSON.stringify({ name: 'Cliente de prueba' }) } : {}),
      });
    expect((await send({}, 'GET')).status).toBe(200);
    expect((await send({ origin: 'https://malo.example' }, 'GET')).status).toBe(200);
    expect((await send({ origin: house.url })).status).toBe(201);
    expect((await send({ 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    expect((await send({ origin: 'https://caja.example.cl' })).status).toBe(201);
    for (const headers of [
      { origin: 'https://malo.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: house.url },
    ]) {
      const refused = await send(headers as Record<string, string>);
      expect(refused.status).toBe(403);
      expect(((await refused.json()) as { code: string }).code).toBe('kernel.cross-site');
    }
  });

  it('marks the cookie Secure behind a trusted proxy that speaks https, and reads the client’s address there', async () => {
    const behind = await House.open({ TRUSTED_PROXIES: '127.0.0.1' });
    const headers = {
      'content-type': 'application/json',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '203.0.113.7',
    };
    const body = JSON.stringify({ login: 'admin', password: DEMO_PASSWORD });
    const trusted = await fetch(`${behind.url}/api/v1/auth/login`, {
      method: 'POST',
      headers,
      body,
    });
    expect(trusted.headers.get('set-cookie')).toMatch(/Secure/);
    const direct = await fetch(`${house.url}/api/v1/auth/login`, { method: 'POST', headers, body });
    expect(direct.headers.get('set-cookie')).not.toMatch(/Secure/);

    const admin = await behind.as('admin');
    const ips = (await admin.get('audit/events?action=session.started')).body.items.map(
      ({ ip }: { ip: string }) => ip,
    );
    expect(ips).toContain('203.0.113.7');
    const own = await (
      await house.as('admin')
    ).get('audit/events?action=session.started&limit=200');
    expect(own.body.items.map(({ ip }: { ip: string }) => ip)).not.toContain('203.0.113.7');
  });
});
