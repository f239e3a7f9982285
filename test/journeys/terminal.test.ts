import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Client,
  DEMO_PASSWORD,
  enrolApp,
  foundSecondCompany,
  House,
  kernel,
  meetAt,
  shop,
} from '#test';

const MINUTE = 60_000;
const PIN = '2580';

/** A device of the shop at which people take turns with their PINs, each acting in their own name. */
describe('a shared terminal', () => {
  let house: House;
  let admin: Client;
  let terminal: { id: string; token: string };
  const begun = Date.now();
  let aheadMs = 0;
  const pass = (ms: number): void => {
    aheadMs += ms;
  };

  beforeAll(async () => {
    house = await House.open();
    house.app.get(kernel.Clock).now = () => new Date(begun + aheadMs);
    for (const login of ['vendedora', 'vendedora.norte', 'encargada', 'admin']) {
      await setPin(login, PIN);
    }
  });

  beforeEach(async () => {
    pass(20 * MINUTE);
    admin = await house.as('admin');
    terminal = await register(admin, { name: 'Mesón' });
  });

  async function setPin(login: string, pin: string): Promise<void> {
    const client = await house.as(login);
    const { status } = await client.post('auth/pin', { password: DEMO_PASSWORD, pin });
    expect(status).toBe(204);
  }

  async function register(client: Client, body: object): Promise<{ id: string; token: string }> {
    const made = await client.post('auth/terminals', body);
    expect(made.status).toBe(201);
    return made.body as { id: string; token: string };
  }

  const signIn = (
    login: string,
    pin = PIN,
    at: { token: string } = terminal,
  ): ReturnType<Client['post']> =>
    house.nobody.post('auth/terminals/sign-in', { login, pin }, { 'x-terminal-token': at.token });
  const clientOf = (answer: { body: unknown }): Client =>
    new Client(house.url, (answer.body as { token: string }).token);
  const outcome = ({ status, body }: { status: number; body: unknown }): unknown[] => [
    status,
    (body as { code?: string }).code,
  ];

  it('is registered by who may, shown once, listed, and known by a cookie', async () => {
    const encargada = await house.as('encargada');
    const { branchId } = await shop(encargada);
    const made = await encargada.post('auth/terminals', { name: 'Caja de la entrada', branchId });
    expect([made.status, made.body.branchId, made.body.lastUsedAt]).toEqual([201, branchId, null]);
    const [cookie = ''] = made.headers['set-cookie'] as unknown as string[];
    expect(cookie).toMatch(
      /^ofitec_terminal=oft_[\w-]{43};(?=.*HttpOnly)(?=.*SameSite=Strict)(?=.*Path=\/api\/v1\/auth\/terminals)/,
    );
    const token = String(made.body.token);
    const vendedora = await house.as('vendedora');
    expect((await vendedora.post('auth/terminals', { name: 'Mía' })).status).toBe(403);
    expect((await vendedora.get('auth/terminals')).status).toBe(403);
    for (const body of [{}, { name: '' }, { name: 'x', branchId: 'y' }, { name: 'x', token: 'z' }])
      expect((await encargada.post('auth/terminals', body)).status).toBe(400);
    const absent = { name: 'x', branchId: kernel.newId() };
    expect((await encargada.post('auth/terminals', absent)).status).toBe(404);
    const listed = await encargada.get('auth/terminals?limit=200');
    expect(listed.body.items).toContainEqual(
      expect.objectContaining({ name: 'Caja de la entrada' }),
    );
    expect(listed.text).not.toContain(token);
    const rows = await house.rows<{ all: string }>(
      'owner',
      'SELECT t::text AS all FROM auth_terminal t UNION ALL SELECT e::text FROM kernel_event e',
    );
    expect(rows.filter(({ all }) => all.includes(token))).toEqual([]);

    const pair = cookie.split(';')[0] ?? '';
    const byCookie = (headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${house.url}/api/v1/auth/terminals/sign-in`, {
        method: 'POST',
        headers: { cookie: pair, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ login: 'vendedora', pin: PIN }),
      });
    const signedIn = await byCookie({ 'sec-fetch-site': 'same-origin' });
    expect(signedIn.status).toBe(200);
    expect(signedIn.headers.get('set-cookie')).toMatch(/^ofitec_session=[\w-]{43};/);
    expect((await byCookie({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await byCookie({ origin: 'https://malo.example' })).status).toBe(403);
    const used = (await encargada.get('auth/terminals?limit=200')).body.items as {
      name: string;
      lastUsedAt: string | null;
    }[];
    expect(used.find(({ name }) => name === 'Caja de la entrada')?.lastUsedAt).not.toBeNull();
  });

  it('gives each person a session of their own, one at a time, and the deed its doer', async () => {
    const first = await signIn('vendedora');
    expect([first.status, first.body.hindrance, first.body.user.login]).toEqual([
      200,
      null,
      'vendedora',
    ]);
    const vendedora = clientOf(first);
    const made = await vendedora.post('sales/customers', { name: 'Cliente de prueba' });
    const second = await signIn('VENDEDORA.NORTE');
    const norte = clientOf(second);
    expect((await vendedora.get('auth/me')).status).toBe(401);
    const other = await norte.post('sales/customers', { name: 'Otra de prueba' });
    const doer = async (id: unknown): Promise<unknown> =>
      (await admin.get(`audit/history/sales.customer/${String(id)}`)).body.items[0].actorLogin;
    expect(await doer(made.body.id)).toBe('vendedora');
    expect(await doer(other.body.id)).toBe('vendedora.norte');

    const mine = (await norte.get('auth/sessions')).body.items as { current: boolean }[];
    expect(mine.find(({ current }) => current)).toMatchObject({
      terminalId: terminal.id,
      terminalName: 'Mesón',
    });
    const elsewhere = (await admin.get('auth/sessions')).body.items[0];
    expect(elsewhere).toMatchObject({ terminalId: null, terminalName: null });
    const events = await admin.get('audit/events?action=session.started&limit=2&sort=-createdAt');
    expect(events.body.items[0]).toMatchObject({
      actorLogin: 'vendedora.norte',
      payload: { terminalId: terminal.id },
    });
    const ended = await admin.get('audit/events?action=session.ended&limit=1');
    expect(ended.body.items[0]).toMatchObject({
      actorLogin: 'vendedora.norte',
      subjectLabel: 'vendedora',
    });
    // Somewhere else one may be at the same time.
    const away = await register(admin, { name: 'Taller' });
    expect((await signIn('vendedora.norte', PIN, away)).status).toBe(200);
    expect((await norte.get('auth/me')).status).toBe(200);
  });

  it('ends the session that its browser held, such as of who registered it', async () => {
    const [held, elsewhere] = [await house.as('admin'), await house.as('admin')];
    const at = (pin: string): Promise<Response> =>
      fetch(`${house.url}/api/v1/auth/terminals/sign-in`, {
        method: 'POST',
        headers: {
          cookie: `ofitec_terminal=${terminal.token}; ofitec_session=${held.token}`,
          'content-type': 'application/json',
          'sec-fetch-site': 'same-origin',
        },
        body: JSON.stringify({ login: 'vendedora', pin }),
      });
    expect((await at('0852')).status).toBe(401);
    expect((await held.get('auth/me')).status).toBe(200);
    const signedIn = await at(PIN);
    expect(signedIn.status).toBe(200);
    const next = clientOf({ body: await signedIn.json() });
    const states = [held, elsewhere, next].map((each) => each.get('auth/me'));
    expect((await Promise.all(states)).map(({ status }) => status)).toEqual([401, 200, 200]);
  });

  it('keeps one session when several sign in at once', async () => {
    const logins = ['vendedora', 'encargada', 'vendedora.norte', 'vendedora', 'encargada'];
    const answers = await meetAt(house, 'SELECT 1 FROM auth_terminal FOR UPDATE', {
      waiters: logins.length,
      work: () => Promise.all(logins.map((login) => signIn(login))),
    });
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const living = await Promise.all(answers.map((answer) => clientOf(answer).get('auth/me')));
    expect(living.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('locks after three idle minutes, unlocks by PIN, and ends after a shift', async () => {
    let client = clientOf(await signIn('vendedora'));
    pass(2 * MINUTE);
    expect((await client.get('sales/orders')).status).toBe(200);
    pass(3 * MINUTE);
    expect(outcome(await client.get('sales/orders'))).toEqual([403, 'auth.session-locked']);
    const unlocked = await client.post('auth/unlock', { pin: PIN });
    expect(unlocked.status).toBe(200);
    client = clientOf(unlocked);
    expect((await client.get('auth/me')).body).toMatchObject({
      provenAt: null,
      stepUpNeeded: true,
    });
    for (let minutes = 5; minutes < 478; minutes += 2) {
      pass(2 * MINUTE);
      if ((await client.get('auth/me')).body.hindrance !== null) throw new Error('locked');
    }
    pass(4 * MINUTE);
    expect((await client.get('auth/me')).status).toBe(401);
    expect((await client.post('auth/unlock', { pin: PIN })).status).toBe(401);
  });

  it('proves nobody for sensitive acts: they ask for the password, or the code', async () => {
    const answer = await signIn('admin');
    const client = clientOf(answer);
    expect((await client.get('auth/me')).body).toMatchObject({
      hindrance: null,
      provenAt: null,
      stepUpNeeded: true,
    });
    const create = { login: 'nueva', name: 'Nueva', roles: [] };
    expect(outcome(await client.post('base/users', create))).toEqual([403, 'auth.step-up-needed']);
    expect((await client.post('auth/step-up', { pin: PIN })).status).toBe(400);
    const stepped = await client.post('auth/step-up', { password: DEMO_PASSWORD });
    expect((await clientOf(stepped).post('base/users', create)).status).toBe(201);

    const norte = await house.as('vendedora.norte');
    await enrolApp(norte, new Date(begun + aheadMs));
    const withApp = clientOf(await signIn('vendedora.norte'));
    expect((await withApp.get('sales/orders')).status).toBe(200);
    const byPassword = await withApp.post('auth/step-up', { password: DEMO_PASSWORD });
    expect(outcome(byPassword)).toEqual([422, 'auth.code-needed']);
    expect(outcome(await withApp.delete('auth/totp'))).toEqual([403, 'auth.step-up-needed']);
  });

  it('says the same of a wrong login, a wrong PIN, no PIN, a disabled user and a stranger', async () => {
    await foundSecondCompany(house);
    const stranger = await house.as('vendedora.dos');
    await stranger.post('auth/pin', { password: DEMO_PASSWORD, pin: PIN });
    const made = await admin.post('base/users', { login: 'ida', name: 'Ida', roles: [] });
    await admin.patch(`base/users/${String(made.body.id)}`, { active: false }, 1);
    const bot = { login: 'robot', name: 'Robot', roles: ['vendedora'], bot: true };
    await admin.post('base/users', bot);
    const logins = ['nadie', 'contador', 'ida', 'vendedora.dos', 'robot'];
    const answers = await Promise.all([
      signIn('vendedora', '9999'),
      ...logins.map((login) => signIn(login)),
    ]);
    const bodies = answers.map(({ status, body }) => ({ ...body, status, requestId: '' }));
    expect(bodies[0]).toMatchObject({ status: 401, code: 'auth.wrong-pin' });
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    for (const pin of ['', '123456789', 1234])
      expect(
        (
          await house.nobody.post(
            'auth/terminals/sign-in',
            { login: 'vendedora', pin },
            { 'x-terminal-token': terminal.token },
          )
        ).status,
      ).toBe(400);
  });

  it('is needed: no device, a wrong, revoked or outlived one lets nobody in', async () => {
    const body = { login: 'vendedora', pin: PIN };
    expect(outcome(await house.nobody.post('auth/terminals/sign-in', body))).toEqual([
      401,
      'auth.unknown-terminal',
    ]);
    for (const token of ['x', `oft_${'a'.repeat(43)}`, terminal.token.slice(4)])
      expect(outcome(await signIn('vendedora', PIN, { token }))).toEqual([
        401,
        'auth.unknown-terminal',
      ]);
    const client = clientOf(await signIn('vendedora'));
    // The device's token is no person's.
    expect((await new Client(house.url, terminal.token).get('auth/me')).status).toBe(401);
    const answers = await Promise.all(
      [1, 2].map(() => admin.delete(`auth/terminals/${terminal.id}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect((await client.get('auth/me')).status).toBe(401);
    expect(outcome(await signIn('vendedora'))).toEqual([401, 'auth.unknown-terminal']);
    expect((await admin.get('audit/events?action=terminal.revoked')).body.items).toHaveLength(1);
    const lasting = await register(admin, { name: 'De un año' });
    const before = aheadMs;
    pass(364 * 1440 * MINUTE);
    expect((await signIn('vendedora', PIN, lasting)).status).toBe(200);
    pass(2 * 1440 * MINUTE);
    expect((await signIn('vendedora', PIN, lasting)).status).toBe(401);
    aheadMs = before;
  });

  it('slows guessing down per person and terminal, and locks nobody out elsewhere', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => signIn('encargada', `91${10 + n}`)),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array<number>(5).fill(401), ...Array<number>(7).fill(429)]);
    expect((await signIn('encargada')).status).toBe(429);
    // Somebody else at this terminal, and herself at another one and by password.
    expect((await signIn('vendedora')).status).toBe(200);
    const away = await register(admin, { name: 'Taller' });
    expect((await signIn('encargada', PIN, away)).status).toBe(200);
    expect(
      (await house.nobody.post('auth/login', { login: 'encargada', password: DEMO_PASSWORD }))
        .status,
    ).toBe(200);
    pass(3_000);
    expect((await signIn('encargada')).status).toBe(200);
  });

  it('takes no PIN after ten wrong ones in a row, wherever, until the password is proven', async () => {
    for (let n = 0; n < 10; n += 1) {
      expect((await signIn('encargada', `93${10 + n}`)).status).toBe(401);
      pass(20 * MINUTE);
    }
    expect(outcome(await signIn('encargada'))).toEqual([401, 'auth.wrong-pin']);
    pass(20 * MINUTE);
    const away = await register(await house.as('admin'), { name: 'Taller' });
    expect((await signIn('encargada', PIN, away)).status).toBe(401);
    pass(20 * MINUTE);
    // The password still works, and gives the PIN back.
    await house.as('encargada');
    expect((await signIn('encargada', PIN, away)).status).toBe(200);
  });

  it('bounds guessing over many logins at one terminal', async () => {
    const tried: number[] = [];
    for (let n = 0; n < 33; n += 1) tried.push((await signIn(`inventada${n}`)).status);
    expect(tried.slice(0, 30)).toEqual(Array<number>(30).fill(401));
    expect(tried).toContain(429);
    const away = await register(await house.as('admin'), { name: 'Otra' });
    expect((await signIn('vendedora', PIN, away)).status).toBe(200);
  });
});
