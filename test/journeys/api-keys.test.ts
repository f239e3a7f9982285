import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  Client,
  DEMO_PASSWORD,
  foundSecondCompany,
  House,
  kernel,
  operationsOf,
  sampleOf,
} from '#test';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

/** Programs come as bots with API keys: narrow, seen, ending, and no way to become a person. */
describe('API keys', () => {
  let house: House;
  let admin: Client;
  let botId: string;
  const begun = Date.now();
  let aheadMs = 0;
  const pass = (ms: number): void => {
    aheadMs += ms;
  };

  beforeAll(async () => {
    house = await House.open();
    house.app.get(kernel.Clock).now = () => new Date(begun + aheadMs);
    admin = await house.as('admin');
    botId = await newBot('tienda-web', ['encargada']);
  });

  async function newBot(login: string, roles: string[]): Promise<string> {
    const made = await admin.post('base/users', { login, name: login, roles, bot: true });
    expect([made.status, made.body.bot]).toEqual([201, true]);
    return String(made.body.id);
  }

  async function newKey(
    scopes: string[],
    more: object = {},
  ): Promise<{ id: string; key: string; client: Client }> {
    const made = await admin.post('auth/api-keys', { userId: botId, name: 'web', scopes, ...more });
    expect(made.status).toBe(201);
    const { id, key } = made.body as { id: string; key: string };
    return { id, key, client: withKey(key) };
  }

  const withKey = (key: string): Client => new Client(house.url, key, checked);
  const checked = (method: string, url: string, status: number): void => {
    if (status >= 500) throw new Error(`${method} ${url} answered ${status}`);
  };
  const outcome = ({ status, body }: { status: number; body: unknown }): unknown[] => [
    status,
    (body as { code?: string }).code,
  ];

  it('are shown once, kept as a hash, and do what their scopes say and no more', async () => {
    const { id, key, client } = await newKey(['sales.customer.read', 'sales.order.create']);
    expect(key).toMatch(/^ofk_[0-9a-f]{8}_[\w-]{43}$/);
    expect((await client.get('sales/services')).status).toBe(200);
    expect((await client.get('sales/customers')).status).toBe(200);
    expect(outcome(await client.get('sales/orders'))).toEqual([403, 'kernel.forbidden']);
    expect(outcome(await client.get('base/users'))).toEqual([403, 'kernel.forbidden']);
    const me = await client.get('auth/me');
    expect(me.body).toMatchObject({
      user: { id: botId, login: 'tienda-web' },
      hindrance: null,
      provenAt: null,
      stepUpNeeded: true,
      permissions: ['sales.customer.read', 'sales.order.create'],
    });
    const listed = await admin.get(`auth/api-keys?userId=${botId}`);
    expect(listed.body.items[0]).toMatchObject({ id, prefix: key.slice(0, 12), revokedAt: null });
    expect(listed.text).not.toContain(key);
    const rows = await house.rows<{ all: string }>(
      'owner',
      'SELECT k::text AS all FROM auth_api_key k UNION ALL SELECT e::text FROM kernel_event e',
    );
    expect(rows.filter(({ all }) => all.includes(key.slice(13)))).toEqual([]);
    const made = await admin.get('audit/events?action=api_key.created&limit=1');
    expect(made.body.items[0]).toMatchObject({
      actorLogin: 'admin',
      payload: {
        apiKeyId: id,
        userId: botId,
        scopes: ['sales.customer.read', 'sales.order.create'],
      },
    });
    // What it does is the bot's doing.
    const writer = await newKey(['sales.customer.create']);
    const customer = await writer.client.post('sales/customers', { name: 'Cliente de prueba' });
    expect(customer.status).toBe(201);
    const event = await admin.get(`audit/history/sales.customer/${String(customer.body.id)}`);
    expect(event.body.items[0]).toMatchObject({ actorLogin: 'tienda-web', actorId: botId });
  });

  it('do only what the bot may still do', async () => {
    const own = await newBot('pasajera', ['encargada']);
    const { client } = await newKey(['sales.order.read', 'payments.daily-cut.read'], {
      userId: own,
    });
    expect((await client.get('payments/daily-cuts')).status).toBe(200);
    const { version } = (await admin.get(`base/users/${own}`)).body as { version: number };
    await admin.patch(`base/users/${own}`, { roles: ['vendedora'] }, version);
    expect((await client.get('payments/daily-cuts')).status).toBe(403);
    expect((await client.get('sales/orders')).status).toBe(200);
    await admin.patch(`base/users/${own}`, { active: false }, version + 1);
    expect((await client.get('sales/orders')).status).toBe(401);
    const inactive = await admin.post('auth/api-keys', { userId: own, name: 'x', scopes: [] });
    expect(outcome(inactive)).toEqual([422, 'auth.key-owner-not-bot']);
    await admin.patch(`base/users/${own}`, { active: true }, version + 2);
    expect((await client.get('sales/orders')).status).toBe(200);
  });

  it('have an end, 90 days unless said, a year at most', async () => {
    const usual = await newKey(['sales.order.read']);
    const long = await newKey(['sales.order.read'], { expiresInDays: 365 });
    for (const expiresInDays of [0, 366, -1, 1.5, '90', null]) {
      const body = { userId: botId, name: 'x', scopes: [], expiresInDays };
      expect((await admin.post('auth/api-keys', body)).status).toBe(400);
    }
    pass(90 * DAY - MINUTE);
    expect((await usual.client.get('sales/orders')).status).toBe(200);
    pass(2 * MINUTE);
    expect((await usual.client.get('sales/orders')).status).toBe(401);
    expect((await long.client.get('sales/orders')).status).toBe(200);
    pass(275 * DAY);
    expect((await long.client.get('sales/orders')).status).toBe(401);
    await house.rows('owner', 'UPDATE auth_credential SET changed_at = $1', {
      values: [new Date(begun + aheadMs)],
    });
    admin = await house.as('admin');
  });

  it('are revoked at once, however often that is asked', async () => {
    const { id, client } = await newKey(['sales.order.read']);
    expect((await client.get('sales/orders')).status).toBe(200);
    const answers = await Promise.all([1, 2, 3].map(() => admin.delete(`auth/api-keys/${id}`)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect((await client.get('sales/orders')).status).toBe(401);
    const events = await admin.get('audit/events?action=api_key.revoked');
    expect(events.body.items).toHaveLength(1);
    expect((await admin.delete(`auth/api-keys/${kernel.newId()}`)).status).toBe(404);
    const listed = (await admin.get('auth/api-keys?limit=200')).body.items as { id: string }[];
    expect(listed.find((key) => key.id === id)).toMatchObject({ revokedAt: expect.any(String) });
  });

  it('say when they were last used, to the minute and not oftener', async () => {
    const { id, client } = await newKey(['sales.order.read']);
    const lastUsed = async (): Promise<unknown> =>
      (
        (await admin.get('auth/api-keys?limit=200')).body.items as {
          id: string;
          lastUsedAt: unknown;
        }[]
      ).find((key) => key.id === id)?.lastUsedAt;
    const writes = async (): Promise<string> =>
      (
        await house.rows<{ x: string }>(
          'owner',
          `SELECT xmin::text AS x FROM auth_api_key WHERE id = $1`,
          { values: [id] },
        )
      )[0]?.x ?? '';
    expect(await lastUsed()).toBeNull();
    await client.get('sales/orders');
    const first = await lastUsed();
    expect(first).toBe(new Date(begun + aheadMs).toISOString());
    const before = await writes();
    pass(30_000);
    await Promise.all(Array.from({ length: 10 }, () => client.get('sales/orders')));
    expect([await lastUsed(), await writes()]).toEqual([first, before]);
    pass(31_000);
    await Promise.all(Array.from({ length: 10 }, () => client.get('sales/orders')));
    expect(await lastUsed()).toBe(new Date(begun + aheadMs).toISOString());
  });

  it('are given to bots only, and with nothing that bot and giver do not both have', async () => {
    const person = (await admin.get('base/users?login=vendedora')).body.items[0].id as string;
    const create = async (client: Client, userId: string, scopes: string[]): Promise<unknown[]> =>
      outcome(await client.post('auth/api-keys', { userId, name: 'x', scopes }));
    expect(await create(admin, person, [])).toEqual([422, 'auth.key-owner-not-bot']);
    expect(await create(admin, kernel.newId(), [])).toEqual([404, 'kernel.not-found']);
    for (const scope of ['base.user.create', 'auth.terminal.read', 'no.such.thing', '*']) {
      const body = { userId: botId, name: 'x', scopes: [scope, 'sales.order.read'] };
      const refused = await admin.post('auth/api-keys', body);
      expect([scope, ...outcome(refused)]).toEqual([scope, 422, 'auth.scope-refused']);
      expect(refused.body.scopes).toEqual([scope]);
    }
    expect(await create(await house.as('encargada'), botId, [])).toEqual([403, 'kernel.forbidden']);
    for (const body of [
      {},
      { userId: 'x' },
      { userId: botId, name: '', scopes: [] },
      { userId: botId, name: 'x', scopes: 'all' },
      { userId: botId, name: 'x', scopes: [], key: 'mine' },
    ])
      expect((await admin.post('auth/api-keys', body)).status).toBe(400);
    const most = await newBot('todopoderosa', ['admin']);
    expect(await create(admin, most, ['auth.api-key.create'])).toEqual([422, 'auth.scope-refused']);
  });

  it('make no person: no sign-in, no password, no PIN, no session, no second key', async () => {
    const most = (await admin.get('base/users?login=todopoderosa')).body.items[0].id as string;
    const all = (await admin.get('auth/me')).body.permissions as string[];
    const scopes = all.filter((permission) => !permission.startsWith('auth.'));
    // Scopes that were written behind the API's back stay without effect.
    const { id, client } = await newKey(scopes, { userId: most });
    await house.rows('owner', 'UPDATE auth_api_key SET scopes = $1 WHERE id = $2', {
      values: [all, id],
    });
    expect((await client.get('auth/me')).body.permissions).toEqual(scopes);
    expect((await admin.post(`auth/users/${most}/reset`)).body.code).toBe(
      'auth.bot-has-no-password',
    );
    expect(
      (await house.nobody.post('auth/login', { login: 'todopoderosa', password: DEMO_PASSWORD }))
        .status,
    ).toBe(401);

    const open = ['Session.me'];
    const document = house.openApi();
    const inAuth = operationsOf(document).filter(
      ({ path, permission }) =>
        path.startsWith('/api/v1/auth/') && permission !== null && !path.endsWith('/explain'),
    );
    expect(inAuth.length).toBeGreaterThanOrEqual(25);
    for (const { method, path, body, operationId } of inAuth) {
      const sample = body ? (sampleOf(document, body, { userId: botId }) as object) : undefined;
      const url = path.replace('{id}', kernel.newId());
      const answer = await client.raw(method.toLowerCase() as 'get', url, sample);
      expect([operationId, answer.status]).toEqual([
        operationId,
        open.includes(operationId) ? 200 : 403,
      ]);
    }
    // Nor does it do elsewhere what asks for a person.
    const made = await client.post('base/users', { login: 'hija', name: 'Hija', roles: [] });
    expect(outcome(made)).toEqual([403, 'auth.person-needed']);
  });

  it('leave the last administrator a person', async () => {
    const me = (await admin.get('base/users?login=admin')).body.items[0];
    const refused = await admin.patch(
      `base/users/${String(me.id)}`,
      { active: false },
      Number(me.version),
    );
    expect(outcome(refused)).toEqual([409, 'base.last-admin']);
    const bots = await admin.get('base/users?bot=true');
    expect(bots.body.items.map((user: { bot: boolean }) => user.bot)).not.toContain(false);
  });

  it('of nonsense, of another form, as a cookie and of another company are nobody’s', async () => {
    const { key, client } = await newKey(['sales.order.read']);
    for (const wrong of [
      `${key}x`,
      key.slice(0, -1),
      key.toUpperCase(),
      key.slice(4),
      `ofk_00000000_${'a'.repeat(43)}`,
    ])
      expect((await withKey(wrong).get('auth/me')).status).toBe(401);
    const cookie = await fetch(`${house.url}/api/v1/auth/me`, {
      headers: { cookie: `ofitec_session=${key}` },
    });
    expect(cookie.status).toBe(401);
    await foundSecondCompany(house);
    const stranger = await house.as('admin.dos');
    expect((await stranger.get('auth/api-keys')).body.items).toEqual([]);
    const theirs = await stranger.post('auth/api-keys', { userId: botId, name: 'x', scopes: [] });
    expect(theirs.status).toBe(404);
    const { items } = (await client.get('sales/orders')).body as { items: unknown[] };
    expect(items).toEqual([]);
  });
});
