import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Client,
  codeOf,
  DEMO_PASSWORD,
  enrolApp,
  House,
  kernel,
  openSession,
  operationsOf,
  provePersons,
  shop,
  takeOrder,
} from '#test';
import type { Shop } from '#test';

const MINUTE = 60_000;
const NEEDED = [403, 'auth.step-up-needed'];

/** Sensitive acts ask who it is once more when the last proof is older than a quarter of an hour. */
describe('step-up', () => {
  let house: House;
  let centro: Shop;
  const begun = Date.now();
  let aheadMs = 0;
  const now = (): Date => new Date(begun + aheadMs);
  const pass = (ms: number): void => {
    aheadMs += ms;
  };

  beforeAll(async () => {
    house = await House.open();
    house.app.get(kernel.Clock).now = now;
    centro = await shop(await house.as('admin'));
  });

  // Attempts and codes of one test are none of the next one's.
  beforeEach(() => pass(20 * MINUTE));

  const outcome = ({ status, body }: { status: number; body: unknown }): unknown[] => [
    status,
    (body as { code?: string }).code,
  ];
  const clientOf = (token: unknown): Client => new Client(house.url, String(token));

  /** Somebody who works on without a pause, and proved identity sixteen minutes ago. */
  async function stale(login: string): Promise<Client> {
    const client = await house.as(login);
    pass(8 * MINUTE);
    await client.get('auth/me');
    pass(8 * MINUTE);
    return client;
  }

  async function stepUp(client: Client): Promise<Client> {
    const answer = await client.post('auth/step-up', { password: DEMO_PASSWORD });
    expect([answer.status, answer.body.hindrance]).toEqual([200, null]);
    return clientOf(answer.body.token);
  }

  it('is said of the routes that demand it, in the document and in nothing else', () => {
    const document = house.openApi();
    const marked = operationsOf(document).filter(({ path, method }) => {
      const item = document.paths[path] as Record<string, Record<string, unknown>>;
      return item[method.toLowerCase()]?.['x-step-up'] === true;
    });
    expect(marked.map(({ operationId }) => operationId).sort()).toEqual([
      'ApiKey.create',
      'CashSession.approve',
      'Credential.reset',
      'Session.endAllOf',
      'Session.endOthers',
      'Terminal.register',
      'Totp.begin',
      'Totp.remove',
      'Totp.removeOf',
      'Totp.renewCodes',
      'User.create',
      'User.edit',
    ]);
    const text = JSON.stringify(document.paths);
    // Voids, refunds, closings and ending a session demand it sometimes.
    expect(text.match(/auth\.step-up-needed/g)?.length).toBe(marked.length + 4);
  });

  it('guards users, roles, resets, keys and terminals, and opens them for as long as it says', async () => {
    let admin = await stale('admin');
    const user = (await admin.get('base/users?login=contador')).body.items[0];
    const acts = (client: Client): Promise<{ status: number; body: unknown }>[] => [
      client.post('base/users', { login: `x${aheadMs}`, name: 'X', roles: [] }),
      client.patch(`base/users/${String(user.id)}`, { roles: ['contador'] }, Number(user.version)),
      client.post(`auth/users/${kernel.newId()}/reset`),
      client.post('auth/api-keys', { userId: kernel.newId(), name: 'X', scopes: [] }),
      client.post('auth/terminals', { name: 'Mesón' }),
      client.delete(`auth/users/${kernel.newId()}/totp`),
    ];
    for (const act of acts(admin)) expect(outcome(await act)).toEqual(NEEDED);
    // What is not sensitive goes on.
    expect((await admin.get('base/users')).status).toBe(200);
    const me = await admin.get('auth/me');
    expect(me.body).toMatchObject({ stepUpNeeded: true, hindrance: null });

    const wrong = await admin.post('auth/step-up', { password: 'no es esta' });
    expect(outcome(wrong)).toEqual([422, 'auth.wrong-proof']);
    expect(outcome(await admin.post('auth/step-up', {}))).toEqual([422, 'auth.wrong-proof']);
    expect(outcome(await admin.post('auth/step-up', { code: '123456' }))).toEqual([
      422,
      'auth.wrong-code',
    ]);
    for (const body of [
      { password: 7 },
      { password: '' },
      { pin: '2580' },
      { code: 'x'.repeat(41) },
    ])
      expect((await admin.post('auth/step-up', body)).status).toBe(400);

    const old = admin;
    admin = await stepUp(admin);
    expect((await old.get('auth/me')).status).toBe(401);
    const statuses = await Promise.all(acts(admin));
    expect(statuses.map(({ status }) => status)).toEqual([201, 200, 404, 404, 201, 404]);
    pass(14 * MINUTE);
    expect((await admin.get('auth/me')).body.stepUpNeeded).toBe(false);
    pass(2 * MINUTE);
    for (const act of acts(admin)) expect(outcome(await act)).toEqual(NEEDED);
    const proven = await admin.get('audit/events?action=session.proven&limit=1');
    expect(proven.body.items[0]).toMatchObject({
      actorLogin: 'admin',
      payload: { by: 'password' },
    });
  });

  it('comes after the permission: who may not do it is not asked', async () => {
    const vendedora = await stale('vendedora');
    const refused = await vendedora.post('base/users', { login: 'x', name: 'X', roles: [] });
    expect(outcome(refused)).toEqual([403, 'kernel.forbidden']);
  });

  it('is no way to guess a password: failures slow down as at sign-in', async () => {
    const client = await stale('contador');
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => client.post('auth/step-up', { password: 'adivino' })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array<number>(5).fill(422), ...Array<number>(7).fill(429)]);
    expect((await client.post('auth/step-up', { password: DEMO_PASSWORD })).status).toBe(429);
    // Somebody else at the same place is not slowed down.
    await stepUp(await house.as('vendedora.norte'));
  });

  it('takes a code from who has an app, and not the password; unlocking by password is no code', async () => {
    const first = await house.as('vendedora');
    const { secret } = await enrolApp(first, now());
    pass(MINUTE);
    const client = await first.post('auth/step-up', { code: codeOf(secret, now()) });
    expect(client.status).toBe(200);
    const session = clientOf(client.body.token);
    pass(16 * MINUTE);
    const unlocked = await session.post('auth/unlock', { password: DEMO_PASSWORD });
    expect(unlocked.status).toBe(200);
    const again = clientOf(unlocked.body.token);
    expect((await again.get('auth/me')).body.stepUpNeeded).toBe(true);
    expect(outcome(await again.delete('auth/totp'))).toEqual(NEEDED);
    const byPassword = await again.post('auth/step-up', { password: DEMO_PASSWORD });
    expect(outcome(byPassword)).toEqual([422, 'auth.code-needed']);
    const code = codeOf(secret, now());
    const both = await Promise.all([
      again.post('auth/step-up', { code }),
      again.post('auth/step-up', { code }),
    ]);
    const good = both.find(({ status }) => status === 200);
    // The slower one finds the code used, or its token replaced.
    expect(both.map(({ status }) => status)).toEqual(expect.arrayContaining([200]));
    expect([401, 422]).toContain(both.find(({ status }) => status !== 200)?.status);
    expect((await clientOf(good?.body.token).delete('auth/totp')).status).toBe(204);
  });

  describe('where money goes back', () => {
    let encargada: Client;
    let paymentId: string;

    /** A charge whose cash session is closed, and an encargada with a session of her own. */
    beforeEach(async () => {
      const cashier = await house.as('vendedora.norte');
      const norte = await shop(cashier, 'NORTE');
      const id = await openSession(cashier, norte.registerIds[0] ?? '', 10_000);
      const order = await takeOrder(cashier, norte);
      const paid = await cashier.pay('payments/payments', {
        orderId: order.id,
        method: 'debit',
        amount: 1_000,
      });
      paymentId = String(paid.body.id);
      await cashier.post(`payments/cash-sessions/${id}/close`, { countedAmount: 10_000 });
      encargada = await stale('encargada');
      await openSession(encargada, norte.registerIds[1] ?? '', 10_000);
    });

    it.each(['void', 'refund'])('%s of a charge of a closed session', async (verb) => {
      const path = `payments/payments/${paymentId}/${verb}`;
      const body = { reason: 'reclamo', ...(verb === 'refund' ? { amount: 400 } : {}) };
      const key = kernel.newId();
      expect(outcome(await encargada.pay(path, body, key))).toEqual(NEEDED);
      const proven = await stepUp(encargada);
      // The same key: the refusal did not use it up.
      const done = await proven.pay(path, body, key);
      expect([done.status, done.body.amount]).toEqual([200, verb === 'refund' ? -400 : -1_000]);
      encargada = proven;
      await closeOwn();
    });

    it('but not of a charge of an open session', async () => {
      const norte = await shop(encargada, 'NORTE');
      const order = await takeOrder(encargada, norte);
      const charge = { orderId: order.id, method: 'debit', amount: 1_000 };
      const paid = await encargada.pay('payments/payments', charge);
      const path = `payments/payments/${String(paid.body.id)}`;
      const part = { reason: 'prueba', amount: 100 };
      expect((await encargada.pay(`${path}/refund`, part)).status).toBe(200);
      await encargada.pay('payments/payments', { ...charge, amount: 500 });
      await closeOwn();
    });

    async function closeOwn(): Promise<void> {
      const fresh = await house.as('encargada');
      const me = (await fresh.get('auth/me')).body.user.id as string;
      const open = await fresh.get(`payments/cash-sessions?state=open&cashierId=${me}`);
      const id = String(open.body.items[0].id);
      const closed = await fresh.post(`payments/cash-sessions/${id}/close`, {
        countedAmount: 10_000,
      });
      expect(closed.status).toBe(200);
    }
  });

  describe('for a high difference', () => {
    let vendedora: Client;
    let path: string;
    let secret: string;

    beforeAll(async () => {
      const admin = await house.as('admin');
      await admin.put('base/settings/CASH_DIFF_ALERT_THRESHOLD', { value: 2_000 }, 0);
    });

    beforeEach(async () => {
      vendedora = await house.as('vendedora');
      const id = await openSession(vendedora, centro.registerIds[0] ?? '', 10_000);
      path = `payments/cash-sessions/${id}`;
      await vendedora.post(`${path}/count`, { countedAmount: 0 });
    });

    it('asks the encargada who approves in her own session', async () => {
      const encargada = await stale('encargada');
      expect(outcome(await encargada.post(`${path}/approve`))).toEqual(NEEDED);
      expect((await (await stepUp(encargada)).post(`${path}/approve`)).status).toBe(200);
      // Sixteen minutes have passed for the cashier, who did nothing.
      vendedora = await stepUp(await house.as('vendedora'));
      expect((await vendedora.post(`${path}/close`, {})).status).toBe(200);
    });

    it('asks the encargada who closes the session of another, and nobody within the threshold', async () => {
      const encargada = await stale('encargada');
      expect(outcome(await encargada.post(`${path}/close`, {}))).toEqual(NEEDED);
      expect((await encargada.get(path)).body.state).toBe('ended');
      const within = await encargada.post(`${path}/close`, { countedAmount: 9_000 });
      expect(within.body).toMatchObject({ state: 'closed', difference: -1_000, approvedBy: null });
    });

    it('wants the code of a second person who has an app, each once', async () => {
      const encargada = await house.as('encargada');
      ({ secret } = await enrolApp(encargada, now()));
      pass(MINUTE);
      const close = (code?: string, key = kernel.newId()): ReturnType<Client['pay']> => {
        const approval = { login: 'encargada', password: DEMO_PASSWORD, ...(code && { code }) };
        return vendedora.pay(`${path}/close`, { approval }, key);
      };
      expect(outcome(await close())).toEqual([403, 'payments.approval-refused']);
      expect(outcome(await close('000000'))).toEqual([403, 'payments.approval-refused']);
      const code = codeOf(secret, now());
      const key = kernel.newId();
      const closed = await close(code, key);
      expect(closed.body).toMatchObject({ state: 'closed', difference: -10_000 });
      // A repetition with the same key brings a later code, and gets the first answer.
      pass(MINUTE);
      const replayed = await close(codeOf(secret, now()), key);
      expect([replayed.status, replayed.headers['idempotency-replayed']]).toEqual([200, 'true']);
    });

    it('proves a second person once a request, however often its transaction starts again', async () => {
      pass(MINUTE);
      const proof = { login: 'encargada', password: DEMO_PASSWORD, code: codeOf(secret, now()) };
      const wrong = { ...proof, password: 'otra' };
      expect(await provePersons(house, proof, wrong, proof)).toEqual([
        'encargada',
        null,
        'encargada',
      ]);
      expect(await provePersons(house, proof)).toEqual([null]);
    });

    it('spends a code also where the close that it came with is refused', async () => {
      pass(MINUTE);
      const code = codeOf(secret, now());
      const approval = { login: 'encargada', password: DEMO_PASSWORD, code };
      const denominations = [{ value: 1_000, count: 1 }];
      const differs = { countedAmount: 0, denominations, approval };
      const refused = await vendedora.pay(`${path}/close`, differs);
      expect(outcome(refused)).toEqual([422, 'payments.count-differs']);
      const again = await vendedora.pay(`${path}/close`, { countedAmount: 0, approval });
      expect(outcome(again)).toEqual([403, 'payments.approval-refused']);
      await vendedora.post(`${path}/close`, { countedAmount: 10_000 });
    });

    it('lets a code approve one session, however many are closed with it at once', async () => {
      pass(MINUTE);
      const norte = await house.as('vendedora.norte');
      const other = await openSession(norte, centro.registerIds[1] ?? '', 10_000);
      const approval = {
        login: 'encargada',
        password: DEMO_PASSWORD,
        code: codeOf(secret, now()),
      };
      const body = { countedAmount: 0, approval };
      const answers = await Promise.all([
        vendedora.post(`${path}/close`, body),
        norte.post(`payments/cash-sessions/${other}/close`, body),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    });
  });
});
