import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { foundSecondCompany, House, kernel, openSession, shop } from '#test';
import type { Client } from '#test';

interface EventBody {
  readonly action: string;
  readonly actorId: string | null;
  readonly actorLogin: string;
  readonly ip: string;
  readonly requestId: string;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly subjectLabel: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What was refused, as the audit knows it. */
describe('denied attempts', () => {
  let house: House;
  let admin: Client;
  let vendedoraId: string;

  beforeAll(async () => {
    house = await House.open({ TRUSTED_PROXIES: '127.0.0.1' });
    admin = await house.as('admin');
    const found = await admin.get('base/users?login=vendedora');
    vendedoraId = String(found.body.items[0].id);
  });

  async function denied(query: string, client = admin): Promise<EventBody[]> {
    await house.app.get(kernel.DenialJournal).store();
    const answer = await client.get(`audit/events?action=access.denied&limit=200&${query}`);
    expect(answer.status).toBe(200);
    return answer.body.items as EventBody[];
  }

  const from = (ip: string): Record<string, string> => ({ 'x-forwarded-for': ip });

  it('tells of a missing permission who, where from, and which route', async () => {
    const vendedora = await house.as('vendedora');
    const id = kernel.newId();
    const headers = { 'if-match': '"1"', ...from('203.0.113.5') };
    const refused = await vendedora.raw('patch', `/api/v1/base/users/${id}?x=secreto`, {}, headers);
    expect(refused.status).toBe(403);

    const events = await denied('ip=203.0.113.5');
    expect(events).toMatchObject([
      {
        action: 'access.denied',
        actorId: vendedoraId,
        actorLogin: 'vendedora',
        ip: '203.0.113.5',
        requestId: refused.headers['x-request-id'],
        subjectType: 'kernel.access',
        subjectId: vendedoraId,
        subjectLabel: 'PATCH /api/v1/base/users/:id',
        payload: {
          ...{ status: 403, code: 'kernel.forbidden', method: 'PATCH', at: expect.any(String) },
          route: '/api/v1/base/users/:id',
        },
      },
    ]);
    expect(JSON.stringify(events)).not.toContain('secreto');
    expect(await denied(`actorId=${vendedoraId}`)).toEqual(events);
    expect(await denied('actorLogin=vendedora')).toEqual(events);
    expect(await denied('actorLogin=encargada')).toEqual([]);
  });

  it('tells of nobody in particular in the only company of the installation', async () => {
    const ip = '203.0.113.6';
    const refused = await house.nobody.raw('get', '/api/v1/auth/me', undefined, from(ip));
    expect(refused.status).toBe(401);
    expect(await denied(`ip=${ip}`)).toMatchObject([
      {
        ...{ actorId: null, actorLogin: '(anonymous)', subjectType: 'kernel.access' },
        payload: { status: 401, code: 'kernel.unauthenticated', route: '/api/v1/auth/me' },
      },
    ]);
  });

  it('tells whose password was tried, to the audit and to nobody else', async () => {
    const tries = ['vendedora', 'nadie.asi'].map(async (login, n) => {
      const body = { login, password: 'clave equivocada' };
      const headers = from(`203.0.113.${10 + n}`);
      const { status, body: answer } = await house.nobody.raw(
        'post',
        '/api/v1/auth/login',
        body,
        headers,
      );
      return { status, answer: { ...answer, requestId: '' } as object };
    });
    const [known, unknown] = await Promise.all(tries);
    expect(known).toEqual(unknown);
    expect(known?.status).toBe(401);

    const ofKnown = await denied('ip=203.0.113.10');
    expect(ofKnown).toMatchObject([
      {
        actorId: null,
        subjectType: 'base.user',
        subjectId: vendedoraId,
        subjectLabel: 'vendedora',
      },
    ]);
    expect(await denied(`subjectType=base.user&subjectId=${vendedoraId}`)).toEqual(ofKnown);
    const history = await admin.get(`audit/history/base.user/${vendedoraId}?action=access.denied`);
    expect(history.body.items).toHaveLength(1);
    const ofUnknown = await denied('ip=203.0.113.11');
    expect(ofUnknown).toMatchObject([{ actorId: null, subjectType: 'kernel.access' }]);
    expect(JSON.stringify([ofKnown, ofUnknown])).not.toMatch(/clave equivocada|nadie\.asi/);
  });

  it('tells whose PIN was tried at a terminal', async () => {
    const made = await admin.post('auth/terminals', { name: 'Mesón' });
    expect(made.status).toBe(201);
    const headers = { 'x-terminal-token': String(made.body.token), ...from('203.0.113.12') };
    const path = '/api/v1/auth/terminals/sign-in';
    const refused = await house.nobody.raw(
      'post',
      path,
      { login: 'vendedora', pin: '0000' },
      headers,
    );
    expect([refused.status, refused.body.code]).toEqual([401, 'auth.wrong-pin']);
    expect(await denied('ip=203.0.113.12')).toMatchObject([
      { actorId: null, subjectType: 'base.user', subjectId: vendedoraId },
    ]);
    // Of a login that nobody has, the company learns at which device it was tried.
    const other = { ...headers, ...from('203.0.113.13') };
    await house.nobody.raw('post', path, { login: 'nadie.asi', pin: '0000' }, other);
    expect(await denied('ip=203.0.113.13')).toMatchObject([
      { actorId: null, subjectType: 'auth.terminal', subjectId: String(made.body.id) },
    ]);
  });

  it('outlives the transaction that the refusal rolled back', async () => {
    const cashier = await house.as('vendedora.norte');
    const norte = await shop(cashier, 'NORTE');
    const sessionId = await openSession(cashier, norte.registerIds[0] ?? '');
    const approval = { login: 'vendedora', password: 'clave equivocada' };
    const body = { countedAmount: 5_000_000, approval };
    const path = `/api/v1/payments/cash-sessions/${sessionId}/close`;
    const refused = await cashier.raw('post', path, body, from('203.0.113.20'));
    expect([refused.status, refused.body.code]).toEqual([403, 'payments.approval-refused']);
    expect(await denied('ip=203.0.113.20')).toMatchObject([
      {
        ...{ actorLogin: 'vendedora.norte', subjectType: 'base.user', subjectId: vendedoraId },
        payload: {
          code: 'payments.approval-refused',
          route: '/api/v1/payments/cash-sessions/:id/close',
        },
      },
    ]);
    expect((await cashier.get(`payments/cash-sessions/${sessionId}`)).body.state).toBe('open');
  });

  it('waits for a database that is away, and lets go what it will never take', async () => {
    const events = house.app.get(kernel.Events);
    const publish = events.publish.bind(events);
    const failWith = (code: string): void => {
      events.publish = () => Promise.reject(Object.assign(new Error('away'), { code }));
    };
    const ask = (ip: string): Promise<unknown> =>
      house.nobody.raw('get', '/api/v1/auth/me', undefined, from(ip));
    failWith('57P01');
    await ask('203.0.113.30');
    expect(await denied('ip=203.0.113.30')).toEqual([]);
    events.publish = publish;
    expect(await denied('ip=203.0.113.30')).toHaveLength(1);
    failWith('22021');
    await ask('203.0.113.31');
    await denied('ip=203.0.113.31');
    events.publish = publish;
    expect(await denied('ip=203.0.113.31')).toEqual([]);
    await ask('203.0.113.32');
    expect(await denied('ip=203.0.113.32')).toHaveLength(1);
  });

  describe('with several companies', () => {
    let stranger: Client;

    beforeAll(async () => {
      await foundSecondCompany(house);
      stranger = await house.as('admin.dos');
    });

    it('is told to the company whose user it is, and to no other', async () => {
      const vendedora = await house.as('vendedora.dos');
      await vendedora.raw('get', '/api/v1/base/users', undefined, from('203.0.113.40'));
      const body = { login: 'encargada.dos', password: 'no es esta' };
      await house.nobody.raw('post', '/api/v1/auth/login', body, from('203.0.113.40'));
      const logins = (await denied('ip=203.0.113.40', stranger)).map(
        ({ actorLogin, subjectLabel }) => [actorLogin, subjectLabel],
      );
      expect(logins.sort()).toEqual([
        ['(anonymous)', 'encargada.dos'],
        ['vendedora.dos', 'GET /api/v1/base/users'],
      ]);
      expect(await denied('ip=203.0.113.40')).toEqual([]);
    });

    it('names no user of another company whose password was tried', async () => {
      const cashier = await house.as('encargada');
      const centro = await shop(cashier);
      const sessionId = await openSession(cashier, centro.registerIds[0] ?? '');
      const approval = { login: 'admin.dos', password: 'no es esta' };
      const path = `/api/v1/payments/cash-sessions/${sessionId}/close`;
      const body = { countedAmount: 5_000_000, approval };
      expect((await cashier.raw('post', path, body, from('203.0.113.41'))).status).toBe(403);
      const events = await denied('ip=203.0.113.41');
      expect(events).toMatchObject([{ actorLogin: 'encargada', subjectType: 'kernel.access' }]);
      expect(JSON.stringify(events)).not.toContain('.dos');
      expect(await denied('ip=203.0.113.41', stranger)).toEqual([]);
    });

    it('is no company’s affair when nobody is proven and nobody’s password was tried', async () => {
      await house.nobody.raw('get', '/api/v1/auth/me', undefined, from('203.0.113.42'));
      const body = { login: 'nadie', password: 'no es esta' };
      await house.nobody.raw('post', '/api/v1/auth/login', body, from('203.0.113.42'));
      expect(await denied('ip=203.0.113.42')).toEqual([]);
      expect(await denied('ip=203.0.113.42', stranger)).toEqual([]);
    });
  });

  describe('over a limit', () => {
    let tight: House;

    beforeAll(async () => {
      tight = await House.open({ API_THROTTLE_USER_RATE: '5/min' });
    });

    afterAll(() => tight.close());

    it('is told like the others, once the user is known', async () => {
      const contador = await tight.as('contador');
      for (let n = 0; n < 8; n += 1) await contador.get('auth/me');
      await tight.app.get(kernel.DenialJournal).store();
      const rows = await tight.rows<{ login: string; status: string }>(
        'owner',
        `SELECT actor_login AS login, payload->>'status' AS status FROM kernel_event WHERE action = 'access.denied'`,
      );
      expect(rows).toEqual(Array.from({ length: 3 }, () => ({ login: 'contador', status: '429' })));
    });
  });
});
