import { beforeAll, describe, expect, it } from '@jest/globals';
import { Client, DEMO_PASSWORD, House, kernel, setPassword } from '#test';

/** Sessions that lock, unlock, run out, are seen and ended; passwords and PINs; failed attempts. */
describe('the life of a session', () => {
  let house: House;
  // Standing still but for `pass`: what a busy machine takes is no time of a session or of a refusal.
  const begun = Date.now();
  let aheadMs = 0;
  const now = (): number => begun + aheadMs;
  const MINUTE = 60_000;

  beforeAll(async () => {
    house = await House.open({ SESSION_MAX_PER_USER: '4' });
    const clock = house.app.get(kernel.Clock);
    clock.now = () => new Date(now());
  });

  /** Moves the house's clock on. */
  const pass = (ms: number): void => {
    aheadMs += ms;
  };
  const clientOf = (token: unknown): Client => new Client(house.url, String(token));

  it('locks after fifteen idle minutes, which is not signing out', async () => {
    const client = await house.as('vendedora');
    pass(14 * MINUTE);
    expect((await client.get('auth/sessions')).status).toBe(200);
    pass(14 * MINUTE);
    expect((await client.get('auth/sessions')).status).toBe(200);
    pass(15 * MINUTE);
    const refused = await client.get('sales/orders');
    expect([refused.status, refused.body.code]).toEqual([403, 'auth.session-locked']);
    const me = await client.get('auth/me');
    expect([me.status, me.body.hindrance]).toEqual([200, 'auth.session-locked']);

    const wrong = await client.post('auth/unlock', { password: 'no es esta' });
    expect([wrong.status, wrong.body.code]).toEqual([422, 'auth.wrong-proof']);
    const unlocked = await client.post('auth/unlock', { password: DEMO_PASSWORD });
    expect([unlocked.status, unlocked.body.hindrance]).toEqual([200, null]);
    expect((await client.get('auth/me')).status).toBe(401);
    expect((await clientOf(unlocked.body.token).get('sales/orders')).status).toBe(200);
  });

  it('locks on demand, and unlocks with a PIN of which five may be wrong', async () => {
    const client = await house.as('encargada');
    for (const pin of ['1111', '1234', '98765']) {
      const easy = await client.post('auth/pin', { password: DEMO_PASSWORD, pin });
      expect([pin, easy.body.code]).toEqual([pin, 'auth.pin-refused']);
    }
    expect((await client.post('auth/pin', { password: 'no', pin: '2580' })).status).toBe(422);
    expect((await client.post('auth/pin', { password: DEMO_PASSWORD, pin: '2580' })).status).toBe(
      204,
    );
    expect((await client.post('auth/lock')).status).toBe(204);
    expect((await client.get('sales/orders')).status).toBe(403);
    const first = await client.post('auth/unlock', { pin: '2580' });
    expect(first.status).toBe(200);
    const again = clientOf(first.body.token);
    await again.post('auth/lock');
    const tries = await Promise.all(
      Array.from({ length: 12 }, (_, n) => again.post('auth/unlock', { pin: `90${10 + n}` })),
    );
    const codes = tries.map(({ body }) => body.code as string).sort();
    expect(codes).toEqual([
      ...Array.from({ length: 7 }, () => 'auth.pin-spent'),
      ...Array.from({ length: 5 }, () => 'auth.wrong-proof'),
    ]);
    expect((await again.post('auth/unlock', { pin: '2580' })).body.code).toBe('auth.pin-spent');
    expect((await again.post('auth/unlock', { password: DEMO_PASSWORD })).status).toBe(200);
  });

  it('ends at its absolute end, whatever sequence of requests tries to keep it', async () => {
    const answer = await house.nobody.post('auth/login', {
      login: 'contador',
      password: DEMO_PASSWORD,
    });
    const start = now();
    const end = new Date(String(answer.body.expiresAt)).getTime();
    expect(Math.abs(end - start - 28_800_000)).toBeLessThan(MINUTE);
    let client = clientOf(answer.body.token);
    let random = 7;
    const dice = (sides: number): number => (random = (random * 48_271) % 2_147_483_647) % sides;
    const acts = [
      () => client.get('auth/me'),
      () => client.get('sales/orders'),
      () => client.post('auth/lock'),
      () => client.get('auth/sessions'),
      () => client.post('auth/pin', { password: DEMO_PASSWORD, pin: '2580' }),
    ];
    const unlock = async (): Promise<void> => {
      const fresh = await client.post('auth/unlock', { password: DEMO_PASSWORD });
      if (fresh.status === 200) client = clientOf(fresh.body.token);
    };
    while (now() < end) {
      await (dice(3) === 0 ? unlock() : acts[dice(acts.length)]?.());
      pass((1 + dice(14)) * MINUTE);
    }
    for (const act of [...acts, () => client.post('auth/unlock', { password: DEMO_PASSWORD })]) {
      expect((await act()).status).toBe(401);
    }
  });

  it('shows and ends sessions: mine, and with the permission those of others', async () => {
    const [mine, other, admin] = [
      await house.as('vendedora.norte'),
      await house.as('vendedora.norte'),
      await house.as('admin'),
    ];
    const listed = (await mine.get('auth/sessions')).body.items as {
      id: string;
      current: boolean;
    }[];
    expect(listed.map(({ current }) => current).sort()).toEqual([false, true]);
    const foreign = listed.find(({ current }) => !current)?.id ?? '';
    const stranger = await house.as('contador');
    expect((await stranger.delete(`auth/sessions/${foreign}`)).status).toBe(404);
    expect((await mine.delete(`auth/sessions/${foreign}`)).status).toBe(204);
    expect((await other.get('auth/me')).status).toBe(401);
    const userId = (await mine.get('auth/me')).body.user.id as string;
    expect((await stranger.get(`auth/users/${userId}/sessions`)).status).toBe(403);
    const seen = await admin.get(`auth/users/${userId}/sessions`);
    expect(seen.body.items).toHaveLength(1);
    expect((await admin.delete(`auth/sessions/${seen.body.items[0].id}`)).status).toBe(204);
    expect((await mine.get('auth/me')).status).toBe(401);
  });

  it('ends all of one’s other sessions at once, and with the permission all of a user’s', async () => {
    const [present, ...others] = await Promise.all(
      Array.from({ length: 3 }, () => house.as('vendedora')),
    );
    if (!present) throw new Error('three were asked for');
    expect((await present.delete('auth/sessions')).status).toBe(204);
    const states = [present, ...others].map((client) => client.get('auth/me'));
    expect((await Promise.all(states)).map(({ status }) => status)).toEqual([200, 401, 401]);

    const admin = await house.as('admin');
    const userId = (await present.get('auth/me')).body.user.id as string;
    expect((await present.delete(`auth/users/${userId}/sessions`)).status).toBe(403);
    const again = await house.as('vendedora');
    expect((await admin.delete(`auth/users/${userId}/sessions`)).status).toBe(204);
    const after = await Promise.all([present, again, admin].map((each) => each.get('auth/me')));
    expect(after.map(({ status }) => status)).toEqual([401, 401, 200]);
    const ended = await admin.get('audit/events?action=session.ended&limit=2');
    expect(ended.body.items).toMatchObject([
      { actorLogin: 'admin', subjectId: userId, subjectLabel: 'vendedora' },
      { actorLogin: 'admin', subjectId: userId, subjectLabel: 'vendedora' },
    ]);
  });

  it('ends the session that a client held before it signs in anew, and no other', async () => {
    const [before, elsewhere] = [await house.as('vendedora'), await house.as('vendedora')];
    const contador = { login: 'contador', password: DEMO_PASSWORD };
    expect((await before.post('auth/login', { ...contador, password: 'no' })).status).toBe(401);
    expect((await before.get('auth/me')).status).toBe(200);
    const next = await before.post('auth/login', contador);
    expect(next.status).toBe(200);
    const states = [before, elsewhere, clientOf(next.body.token)].map((each) =>
      each.get('auth/me'),
    );
    expect((await Promise.all(states)).map(({ status }) => status)).toEqual([401, 200, 200]);
    const byCookie = await fetch(`${house.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: {
        cookie: `ofitec_session=${String(next.body.token)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(contador),
    });
    expect(byCookie.status).toBe(200);
    expect((await clientOf(next.body.token).get('auth/me')).status).toBe(401);
  });

  it('ends the longest unused session when a user has too many', async () => {
    const clients: Client[] = [];
    for (let n = 0; n < 5; n += 1) {
      clients.push(await house.as('vendedora'));
      pass(1000);
    }
    const states = await Promise.all(clients.map((client) => client.get('auth/me')));
    expect(states.map(({ status }) => status)).toEqual([401, 200, 200, 200, 200]);
  });

  it('demands a new password when it is too old, and for nothing else', async () => {
    const before = aheadMs;
    pass(91 * 24 * 60 * MINUTE);
    const signedIn = await house.nobody.post('auth/login', {
      login: 'vendedora',
      password: DEMO_PASSWORD,
    });
    const client = clientOf(signedIn.body.token);
    expect((await client.get('auth/me')).body.hindrance).toBe('auth.password-must-change');
    const refused = await client.get('sales/orders');
    expect([refused.status, refused.body.code]).toEqual([403, 'auth.password-must-change']);
    const weak = async (newPassword: string): Promise<string[]> => {
      const answer = await client.post('auth/password', {
        currentPassword: DEMO_PASSWORD,
        newPassword,
      });
      expect([answer.status, answer.body.code]).toEqual([422, 'auth.password-refused']);
      return (answer.body.errors as { message: string }[]).map(({ message }) => message);
    };
    expect(await weak('Corta-1')).toContain('tiene menos de 12 caracteres');
    expect(await weak('sin numeros ni nada mas')).toEqual(
      expect.arrayContaining(['no tiene mayúsculas', 'no tiene números', 'no tiene símbolos']),
    );
    expect(await weak('Vendedora123!')).toContain('es casi solo un nombre de aquí');
    expect(await weak('Qwertyuiop12!')).toContain('se adivina con facilidad');
    const newPassword = `Ñandú-${'frío'.normalize('NFD')}-Ovalle-17`;
    const changed = await client.post('auth/password', {
      currentPassword: DEMO_PASSWORD,
      newPassword,
    });
    expect([changed.status, changed.body.hindrance]).toEqual([200, null]);
    expect((await client.get('auth/me')).status).toBe(401);
    const fresh = clientOf(changed.body.token);
    expect((await fresh.get('sales/orders')).status).toBe(200);
    const composed = newPassword.normalize('NFC');
    expect(
      (await house.nobody.post('auth/login', { login: 'vendedora', password: composed })).status,
    ).toBe(200);
    const back = await fresh.post('auth/password', {
      currentPassword: composed,
      newPassword: composed,
    });
    expect(back.body.code).toBe('auth.password-used-before');
    aheadMs = before;
  });

  it('hands out an initial password that is good for one sign-in, which can only change it', async () => {
    const admin = await house.as('admin');
    const encargada = await house.as('encargada');
    const { id } = (await encargada.get('auth/me')).body.user as { id: string };
    expect((await encargada.post(`auth/users/${id}/reset`)).status).toBe(403);
    const reset = await admin.post(`auth/users/${id}/reset`);
    expect(reset.status).toBe(200);
    expect((await encargada.get('auth/me')).status).toBe(401);
    const login = { login: 'encargada', password: String(reset.body.initialPassword) };
    const both = await Promise.all([
      house.nobody.post('auth/login', login),
      house.nobody.post('auth/login', login),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
    const token = both.find(({ status }) => status === 200)?.body.token as string;
    expect((await clientOf(token).get('sales/orders')).body.code).toBe('auth.password-must-change');
    expect((await house.nobody.post('auth/login', login)).status).toBe(401);
    const changed = await clientOf(token).post('auth/password', {
      currentPassword: login.password,
      newPassword: 'Calle-Larga-45-Temuco!',
    });
    expect([changed.status, changed.text.includes(login.password)]).toEqual([200, false]);
  });

  it('says what a password is worth, in the language of the client', async () => {
    const client = await house.as('admin');
    const check = async (password: string): Promise<Record<string, unknown>> =>
      (await client.post('auth/password/check', { password })).body as Record<string, unknown>;
    expect(await check('qwerty')).toMatchObject({ accepted: false, score: 0 });
    expect(await check('Un-Zapato-Verde-88-Lluvia')).toMatchObject({ accepted: true, faults: [] });
  });

  it('makes guessing slow from one place, and lets the victim in from another', async () => {
    const companyId =
      (await house.rows<{ id: string }>('owner', 'SELECT id FROM base_company'))[0]?.id ?? '';
    const [user] = await house.rows<{ id: string }>(
      'owner',
      "SELECT id FROM base_user WHERE login = 'contador'",
    );
    await setPassword(house, companyId, user?.id ?? '', DEMO_PASSWORD);
    const guess = (login: string): Promise<{ status: number; headers: object; body: object }> =>
      house.nobody.post('auth/login', { login, password: 'adivino' });
    for (const login of ['contador', 'nadie.conocido']) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => guess(login)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 401)).toHaveLength(5);
      const blocked = answers.find(({ status }) => status === 429);
      expect(blocked?.body).toMatchObject({ code: 'auth.too-many-attempts' });
      expect(blocked?.headers).toMatchObject({ 'retry-after': expect.stringMatching(/^[12]$/) });
    }
    const right = { login: 'contador', password: DEMO_PASSWORD };
    expect((await house.nobody.post('auth/login', right)).status).toBe(429);
    pass(3000);
    expect((await house.nobody.post('auth/login', right)).status).toBe(200);
    expect((await house.nobody.post('auth/login', right)).status).toBe(200);
  });
});
