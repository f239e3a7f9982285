import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  foundSecondCompany,
  House,
  kernel,
  openSession,
  operationsOf,
  shop,
  takeOrder,
} from '#test';
import type { Client } from '#test';

const ROLES = ['admin', 'encargada', 'vendedora', 'contador'] as const;
const VOID = 'payments.payment.void';

interface Explanation {
  readonly verdict: string;
  readonly reason: string;
  readonly user: object;
  readonly permission: object;
  readonly subject?: { rules: readonly object[] };
}

/** Why somebody may or may not: role, permission or record rule, and nothing of what is hidden. */
describe('explain', () => {
  let house: House;
  const clients = {} as Record<(typeof ROLES)[number], Client>;
  let payments: { own: string; norte: string; foreign: string };
  let users: Record<string, string>;

  beforeAll(async () => {
    house = await House.open();
    for (const role of ROLES) clients[role] = await house.as(role);
    const norte = await house.as('vendedora.norte');
    await foundSecondCompany(house);
    const stranger = await house.as('admin.dos');
    payments = {
      own: await charge(clients.vendedora, 'CENTRO'),
      norte: await charge(norte, 'NORTE'),
      foreign: '',
    };
    const listed = [
      ...(await clients.admin.get('base/users')).body.items,
      ...(await stranger.get('base/users')).body.items,
    ] as { login: string; id: string }[];
    users = Object.fromEntries(listed.map(({ login, id }) => [login, id]));
    const branch = (await stranger.get('base/branches')).body.items[0] as { id: string };
    const register = (await stranger.get('base/registers')).body.items[0] as { id: string };
    const service = await stranger.post('sales/services', { code: 'X', name: 'X', price: 1_000 });
    const services = { X: String(service.body.id) };
    await openSession(stranger, register.id);
    const order = await takeOrder(
      stranger,
      { branchId: branch.id, registerIds: [], services },
      1,
      'X',
    );
    payments.foreign = await pay(stranger, order);
  });

  async function charge(cashier: Client, code: 'CENTRO' | 'NORTE'): Promise<string> {
    const place = await shop(cashier, code);
    await openSession(cashier, place.registerIds[0] ?? '');
    return pay(cashier, await takeOrder(cashier, place, 1));
  }

  async function pay(cashier: Client, order: { id: string }): Promise<string> {
    const body = { orderId: order.id, method: 'cash', amount: 1_000 };
    const paid = await cashier.pay('payments/payments', body);
    expect(paid.status).toBe(201);
    return String(paid.body.id);
  }

  async function explain(client: Client, query: Record<string, string>): Promise<Explanation> {
    const answer = await client.get(`auth/explain?${new URLSearchParams(query).toString()}`);
    expect([query, answer.status]).toEqual([query, 200]);
    return answer.body as Explanation;
  }

  it('names the roles that grant a permission, and those that would', async () => {
    expect(await explain(clients.vendedora, { permission: VOID })).toEqual({
      ...{ verdict: 'allowed', reason: 'granted' },
      user: { id: users['vendedora'], login: 'vendedora', roles: ['vendedora'] },
      permission: {
        ...{ name: VOID, summary: 'take a charge back in its open session' },
        ...{ grantedBy: ['vendedora'], roles: ['admin', 'encargada', 'vendedora'] },
      },
    });
    expect(await explain(clients.vendedora, { permission: 'sales.service.edit' })).toMatchObject({
      ...{ verdict: 'denied', reason: 'no-role-grants-it' },
      permission: { grantedBy: [], roles: ['admin', 'encargada'] },
    });
  });

  it('agrees with every route for every role', async () => {
    const declared = operationsOf(house.openApi()).flatMap(({ permission }) => permission ?? []);
    const permissions = [...new Set(declared)].filter((name) => name !== '*');
    expect(permissions.length).toBeGreaterThan(30);
    for (const role of ROLES) {
      const held = (await clients[role].get('auth/me')).body.permissions as string[];
      for (const permission of permissions) {
        const { verdict } = await explain(clients[role], { permission });
        const expected = held.includes(permission) ? 'allowed' : 'denied';
        expect([role, permission, verdict]).toEqual([role, permission, expected]);
      }
    }
  });

  it('agrees with what each role is shown of a record', async () => {
    const permission = 'payments.payment.read';
    for (const role of ROLES) {
      for (const id of Object.values(payments)) {
        const shown = await clients[role].get(`payments/payments/${id}`);
        const subject = `payments.payment/${id}`;
        const { verdict } = await explain(clients[role], { permission, subject });
        expect([role, id, verdict]).toEqual([
          role,
          id,
          shown.status === 200 ? 'allowed' : 'denied',
        ]);
      }
    }
  });

  it('says which rule lets a record through', async () => {
    const subject = `payments.payment/${payments.own}`;
    const mine = await explain(clients.vendedora, { permission: VOID, subject });
    expect(mine.subject).toEqual({
      ...{ type: 'payments.payment', id: payments.own, seen: true },
      rules: [
        {
          summary: 'a vendedora reaches what belongs to her own cash sessions',
          ...{ roles: ['vendedora'], applies: true, holds: true },
        },
        {
          summary: 'encargada, admin and contador reach the cash of the whole company',
          ...{ roles: ['encargada', 'admin', 'contador'], applies: false, holds: null },
        },
      ],
    });
  });

  it('tells a hidden record, a foreign one and an absent one not apart', async () => {
    const answers: object[] = [];
    for (const id of [payments.norte, payments.foreign, kernel.newId()]) {
      const subject = `payments.payment/${id}`;
      const answer = await explain(clients.vendedora, { permission: VOID, subject });
      expect(answer).toMatchObject({ verdict: 'denied', reason: 'record-not-found' });
      answers.push(JSON.parse(JSON.stringify(answer).replaceAll(id, 'id')) as object);
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({
      subject: { seen: false, rules: [{ applies: true, holds: null }, { applies: false }] },
    });
  });

  it('tells nothing of records that the asker may read nowhere', async () => {
    const [session] = await house.rows<{ id: string }>(
      'owner',
      'SELECT id FROM auth_session LIMIT 1',
    );
    for (const [client, type, id] of [
      [clients.vendedora, 'base.user', users['admin'] ?? ''],
      [clients.encargada, 'auth.session', session?.id ?? ''],
      [clients.admin, 'auth.credential', users['vendedora'] ?? ''],
    ] as const) {
      const answers = await Promise.all(
        [id, kernel.newId()].map(async (each) => {
          const subject = `${type}/${each}`;
          const answer = await explain(client, { permission: 'sales.order.read', subject });
          return JSON.parse(JSON.stringify(answer).replaceAll(each, 'id')) as object;
        }),
      );
      expect(answers[0]).toMatchObject({ verdict: 'unknown', reason: 'record-not-readable' });
      expect(answers[1]).toEqual(answers[0]);
    }
    const branch = (await clients.vendedora.get('base/branches')).body.items[0] as { id: string };
    const subject = `base.branch/${branch.id}`;
    expect(
      await explain(clients.vendedora, { permission: 'sales.order.create', subject }),
    ).toMatchObject({ verdict: 'allowed', subject: { seen: true, rules: [] } });
  });

  describe('about another user', () => {
    const ask = (client: Client, login: string, id: string): Promise<Explanation> => {
      const subject = `payments.payment/${id}`;
      return explain(client, { permission: VOID, subject, userId: users[login] ?? '' });
    };

    it('says which rule hides a record from them', async () => {
      for (const client of [clients.admin, clients.encargada]) {
        expect(await ask(client, 'vendedora', payments.norte)).toMatchObject({
          ...{ verdict: 'denied', reason: 'hidden-by-rule', user: { login: 'vendedora' } },
          subject: { seen: true, rules: [{ applies: true, holds: false }, { applies: false }] },
        });
      }
      expect(await ask(clients.admin, 'vendedora.norte', payments.norte)).toMatchObject({
        ...{ verdict: 'allowed', reason: 'granted' },
      });
      expect(await ask(clients.admin, 'contador', payments.norte)).toMatchObject({
        ...{ verdict: 'denied', reason: 'no-role-grants-it' },
      });
    });

    it('does not know of a record that the asker may not see', async () => {
      for (const id of [payments.foreign, kernel.newId()]) {
        const answer = await ask(clients.admin, 'vendedora', id);
        expect(answer).toMatchObject({ verdict: 'unknown', reason: 'record-not-found' });
      }
    });

    it('says that they are disabled', async () => {
      const roles = ['vendedora'];
      const made = await clients.admin.post('base/users', { login: 'ida', name: 'Ida', roles });
      const id = String(made.body.id);
      await clients.admin.patch(`base/users/${id}`, { active: false }, 1);
      expect(await explain(clients.admin, { permission: VOID, userId: id })).toMatchObject({
        verdict: 'denied',
        reason: 'user-disabled',
      });
    });

    it('needs the permission, and knows no user of another company', async () => {
      const about = (login: string): string =>
        `auth/explain?permission=${VOID}&userId=${users[login] ?? kernel.newId()}`;
      for (const client of [clients.vendedora, clients.contador]) {
        for (const login of ['admin', 'admin.dos', 'nobody']) {
          const refused = await client.get(about(login));
          expect([login, refused.status, refused.body.code]).toEqual([
            login,
            403,
            'kernel.forbidden',
          ]);
        }
      }
      expect((await clients.vendedora.get(about('vendedora'))).status).toBe(200);
      for (const login of ['admin.dos', 'nobody']) {
        const absent = await clients.admin.get(about(login));
        expect([absent.status, absent.body.code]).toEqual([404, 'kernel.not-found']);
      }
    });
  });

  it('says when the session holds less than the roles', async () => {
    const authenticator = house.app.get(kernel.Authenticator, { strict: false });
    const authenticate = authenticator.authenticate.bind(authenticator);
    authenticator.authenticate = async (request) => {
      const actor = await authenticate(request);
      return actor && { ...actor, permissions: new Set(['sales.order.read']) };
    };
    expect(await explain(clients.vendedora, { permission: VOID })).toMatchObject({
      ...{ verdict: 'denied', reason: 'not-in-this-session' },
      permission: { grantedBy: ['vendedora'] },
    });
    authenticator.authenticate = authenticate;
  });

  it('refuses questions that make no sense', async () => {
    const id = kernel.newId();
    for (const [query, status, code] of [
      ['', 400, 'kernel.malformed'],
      ['permission=payments', 400, 'kernel.malformed'],
      [`permission=${VOID}&subject=payments.payment`, 400, 'kernel.malformed'],
      [`permission=${VOID}&subject=payments.payment/5`, 400, 'kernel.malformed'],
      [`permission=${VOID}&userId=me`, 400, 'kernel.malformed'],
      [`permission=${VOID}&color=azul`, 400, 'kernel.malformed'],
      ['permission=payments.payment.steal', 422, 'auth.unknown-permission'],
      ['permission=constructor.a.b', 422, 'auth.unknown-permission'],
      [`permission=${VOID}&subject=payments.nothing/${id}`, 422, 'auth.unknown-subject-type'],
      [`permission=${VOID}&subject=kernel.delivery/${id}`, 422, 'auth.unknown-subject-type'],
    ] as const) {
      const answer = await clients.admin.get(`auth/explain?${query}`);
      expect([query, answer.status, answer.body.code]).toEqual([query, status, code]);
    }
    expect((await house.nobody.get(`auth/explain?permission=${VOID}`)).status).toBe(401);
  });
});
