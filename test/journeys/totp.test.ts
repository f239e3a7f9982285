import { beforeAll, describe, expect, it } from '@jest/globals';
import { Client, codeOf, DEMO_PASSWORD, enrolApp, House, kernel, meetAt, runCli } from '#test';

const MINUTE = 60_000;
const STEP = 30_000;
const NEW_PASSWORD = 'Calle-Larga-45-Temuco!';

/** Authenticator apps: enrolment, codes that are good once, recovery codes, and who must have one. */
describe('an authenticator app', () => {
  let house: House;
  // In the middle of a step and standing still: no code changes between here and the server.
  const begun = Math.floor(Date.now() / STEP) * STEP + STEP / 2;
  let aheadMs = 0;
  const now = (): Date => new Date(begun + aheadMs);
  /** Moves the house's clock on; a whole step by default, so that there is a new code. */
  const pass = (ms = STEP): void => {
    aheadMs += ms;
  };

  beforeAll(async () => {
    house = await House.open();
    house.app.get(kernel.Clock).now = now;
  });

  const clientOf = (token: unknown): Client => new Client(house.url, String(token));
  const login = (
    name: string,
    more: Record<string, string> = {},
    password = DEMO_PASSWORD,
  ): ReturnType<Client['post']> =>
    house.nobody.post('auth/login', { login: name, password, ...more });

  /** An administrator as a shop gets one: with an initial password and no app. */
  async function newAdmin(name: string): Promise<Client> {
    const admin = await house.as('admin');
    const made = await admin.post('base/users', { login: name, name, roles: ['admin'] });
    const reset = await admin.post(`auth/users/${String(made.body.id)}/reset`);
    const password = String(reset.body.initialPassword);
    const first = await login(name, {}, password);
    expect(first.body.hindrance).toBe('auth.password-must-change');
    const change = { currentPassword: password, newPassword: NEW_PASSWORD };
    const changed = await clientOf(first.body.token).post('auth/password', change);
    expect([changed.status, changed.body.hindrance]).toEqual([200, 'auth.totp-enrolment-needed']);
    return clientOf(changed.body.token);
  }

  it('is demanded of an administrator before anything else, and only then', async () => {
    let jefa = await newAdmin('jefa');
    for (const path of ['sales/orders', 'auth/sessions', 'base/users']) {
      const refused = await jefa.get(path);
      expect([path, refused.status, refused.body.code]).toEqual([
        path,
        403,
        'auth.totp-enrolment-needed',
      ]);
    }
    expect((await jefa.post('auth/totp/confirm', { code: '123456' })).body.code).toBe(
      'auth.totp-not-enrolled',
    );
    const answer = await jefa.post('auth/totp');
    const { secret, url } = answer.body as { secret: string; url: string };
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(url).toMatch(
      /^otpauth:\/\/totp\/OFITEC.*jefa\?(?=.*secret=[A-Z2-7]{32})(?=.*issuer=OFITEC)/,
    );
    const wrong = codeOf(secret, new Date(now().getTime() + 20 * STEP));
    for (const code of [wrong, 'abc', 'ñ1234567']) {
      const refused = await jefa.post('auth/totp/confirm', { code });
      expect([code, refused.status, refused.body.code]).toEqual([code, 422, 'auth.wrong-code']);
    }
    const confirmed = await jefa.post('auth/totp/confirm', {
      code: `${codeOf(secret, now()).slice(0, 3)} ${codeOf(secret, now()).slice(3)}`,
    });
    expect(confirmed.status).toBe(200);
    expect(new Set(confirmed.body.recoveryCodes as string[]).size).toBe(10);
    // The code proved who it is: the token of before opens nothing that it did not open then.
    expect((await jefa.get('auth/me')).status).toBe(401);
    expect([confirmed.body.hindrance, confirmed.body.token]).toEqual([null, expect.any(String)]);
    jefa = clientOf(confirmed.body.token);
    expect((await jefa.get('sales/orders')).status).toBe(200);
    expect((await jefa.get('auth/totp')).body).toMatchObject({
      enrolled: true,
      recoveryCodesLeft: 10,
    });
    const again = await jefa.post('auth/totp');
    expect([again.status, again.body.code]).toEqual([409, 'auth.totp-enrolled-already']);
    expect((await jefa.post('auth/totp/confirm', { code: '123456' })).status).toBe(409);

    // Vendedoras and demo users are not asked.
    expect((await login('admin')).body.hindrance).toBeNull();
    expect((await login('vendedora')).body.hindrance).toBeNull();

    const rows = await house.rows<{ all: string }>(
      'owner',
      `SELECT t::text AS all FROM auth_totp t UNION ALL SELECT r::text FROM auth_recovery_code r
       UNION ALL SELECT e::text FROM kernel_event e`,
    );
    const hidden = [secret, ...(confirmed.body.recoveryCodes as string[])];
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(({ all }) => hidden.some((text) => all.includes(text)))).toEqual([]);
  });

  it('forgets an enrolment that took too long, and keeps the last secret of several', async () => {
    const client = await house.as('contador');
    const first = await client.post('auth/totp');
    const secrets = await Promise.all([client.post('auth/totp'), client.post('auth/totp')]);
    expect(secrets.map(({ status }) => status)).toEqual([200, 200]);
    const stale = codeOf(String(first.body.secret), now());
    expect((await client.post('auth/totp/confirm', { code: stale })).body.code).toBe(
      'auth.wrong-code',
    );
    pass(14 * MINUTE);
    await client.get('auth/me');
    pass(2 * MINUTE);
    for (const { body } of secrets) {
      const code = codeOf(String(body.secret), now());
      expect((await client.post('auth/totp/confirm', { code })).body.code).toBe(
        'auth.totp-not-enrolled',
      );
    }
    expect((await client.get('auth/totp')).body).toEqual({
      enrolled: false,
      enrolledAt: null,
      recoveryCodesLeft: 0,
    });
  });

  describe('of somebody who has one', () => {
    let secret: string;
    let recoveryCodes: string[];

    beforeAll(async () => {
      const older = await house.as('encargada');
      ({ secret, recoveryCodes } = await enrolApp(await house.as('encargada'), now()));
      // A session that began before proves nothing any more.
      expect((await older.get('sales/orders')).body.code).toBe('auth.totp-needed');
    });

    it('is asked for after the password, and answers with another token', async () => {
      const half = await login('encargada');
      expect([half.status, half.body.hindrance]).toEqual([200, 'auth.totp-needed']);
      const client = clientOf(half.body.token);
      for (const path of ['sales/orders', 'auth/sessions', 'auth/totp']) {
        expect((await client.get(path)).body.code).toBe('auth.totp-needed');
      }
      expect((await client.post('auth/totp')).body.code).toBe('auth.totp-needed');
      expect((await client.delete('auth/totp')).body.code).toBe('auth.totp-needed');
      const stepUp = await client.post('auth/step-up', { password: DEMO_PASSWORD });
      expect(stepUp.body.code).toBe('auth.totp-needed');
      expect((await client.get('auth/me')).body.hindrance).toBe('auth.totp-needed');
      // The code of the enrolment was used by it.
      const used = await client.post('auth/totp/verify', { code: codeOf(secret, now()) });
      expect([used.status, used.body.code]).toEqual([422, 'auth.wrong-code']);
      pass();
      const verified = await client.post('auth/totp/verify', { code: codeOf(secret, now()) });
      expect([verified.status, verified.body.hindrance]).toEqual([200, null]);
      expect((await client.get('auth/me')).status).toBe(401);
      expect((await clientOf(verified.body.token).get('sales/orders')).status).toBe(200);
    });

    it('may send its code with the password; a wrong one is answered as a wrong password is', async () => {
      pass();
      const code = codeOf(secret, now());
      const wrong = await login('encargada', { code: code === '000000' ? '000001' : '000000' });
      expect([wrong.status, wrong.body.code]).toEqual([401, 'auth.wrong-credentials']);
      const first = await login('encargada', { code });
      expect([first.status, first.body.hindrance]).toEqual([200, null]);
      const second = await login('encargada', { code });
      expect([second.status, second.body.code]).toEqual([401, 'auth.wrong-credentials']);
      // Who has none may send one: it is not asked for.
      expect((await login('vendedora', { code: '123456' })).status).toBe(200);
    });

    it('gives a code that is good once, also for sign-ins at the same moment', async () => {
      pass(3 * MINUTE);
      const code = codeOf(secret, now());
      const answers = await meetAt(house, 'SELECT 1 FROM auth_totp FOR UPDATE', {
        waiters: 4,
        work: () => Promise.all(Array.from({ length: 4 }, () => login('encargada', { code }))),
      });
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
      pass(3 * MINUTE);
      const halves = await Promise.all([login('encargada'), login('encargada')]);
      const next = codeOf(secret, now());
      const verified = await Promise.all(
        halves.map(({ body }) => clientOf(body.token).post('auth/totp/verify', { code: next })),
      );
      expect(verified.map(({ status }) => status).sort()).toEqual([200, 422]);
    });

    it('may run a step ahead or behind, and not two; an earlier step is void', async () => {
      const at = async (steps: number): Promise<number> =>
        (await login('encargada', { code: codeOf(secret, new Date(+now() + steps * STEP)) }))
          .status;
      pass(10 * MINUTE);
      expect(await at(-1)).toBe(200);
      expect(await at(1)).toBe(200);
      // Time step by time step: after the code of the next step, that of this one is void.
      expect(await at(0)).toBe(401);
      pass(4 * STEP);
      expect([await at(-2), await at(2)]).toEqual([401, 401]);
      expect(await at(0)).toBe(200);
      // A clock that was put back refuses, and does not fail.
      pass(-20 * MINUTE);
      expect(await at(0)).toBe(401);
      pass(20 * MINUTE);
    });

    it('may be replaced by a recovery code, each good once', async () => {
      pass(20 * MINUTE);
      const [one = '', two = '', three = ''] = recoveryCodes;
      expect((await login('encargada', { code: one })).body.hindrance).toBeNull();
      expect((await login('encargada', { code: one })).status).toBe(401);
      const typed = two.toLowerCase().replaceAll('-', ' ');
      const both = await Promise.all([
        login('encargada', { code: typed }),
        login('encargada', { code: two }),
      ]);
      expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
      pass(20 * MINUTE);
      const half = clientOf((await login('encargada')).body.token);
      const verified = await half.post('auth/totp/verify', { code: three });
      const client = clientOf(verified.body.token);
      expect((await client.get('auth/totp')).body.recoveryCodesLeft).toBe(7);
      const used = await house.rows<{ left: number }>(
        'owner',
        `SELECT (payload->>'left')::integer AS left FROM kernel_event
         WHERE action = 'totp.recovery_code_used' ORDER BY created_at, id`,
      );
      expect(used.map(({ left }) => left)).toEqual([9, 8, 7]);

      const renewed = await client.post('auth/totp/recovery-codes');
      expect(renewed.body.recoveryCodes).toHaveLength(10);
      expect((await login('encargada', { code: recoveryCodes[4] ?? '' })).status).toBe(401);
      recoveryCodes = renewed.body.recoveryCodes as string[];
      // Somebody else's code opens nothing.
      expect((await client.get('auth/totp')).body.recoveryCodesLeft).toBe(10);
    });

    it('bounds guessing, which neither a right password nor simultaneity resets', async () => {
      pass(60 * MINUTE);
      const half = clientOf((await login('encargada')).body.token);
      const guesses = await Promise.all(
        Array.from({ length: 15 }, (_, n) =>
          half.post('auth/totp/verify', { code: `0000${10 + n}` }),
        ),
      );
      const statuses = guesses.map(({ status }) => status).sort();
      expect(statuses.filter((status) => status === 422)).toHaveLength(5);
      expect(statuses.filter((status) => status === 429)).toHaveLength(10);
      // Another sign-in with the password starts a session, not the count.
      const other = clientOf((await login('encargada')).body.token);
      const code = codeOf(secret, now());
      expect((await other.post('auth/totp/verify', { code })).status).toBe(429);
      pass(4 * STEP);
      const right = await other.post('auth/totp/verify', { code: codeOf(secret, now()) });
      expect(right.status).toBe(200);

      const statusesOf: number[] = [];
      for (let n = 0; n < 7; n += 1) {
        statusesOf.push((await login('encargada', { code: `0000${30 + n}` })).status);
      }
      // At the latest the sixth, whatever strangers tried before.
      expect(statusesOf.slice(0, 3)).toEqual([401, 401, 401]);
      expect(statusesOf.slice(5)).toEqual([429, 429]);
    });

    it('is removed only after a fresh code, not by the password alone', async () => {
      pass(20 * MINUTE);
      const signedIn = await login('encargada', { code: codeOf(secret, now()) });
      let client = clientOf(signedIn.body.token);
      pass(10 * MINUTE);
      await client.get('auth/me');
      pass(6 * MINUTE);
      for (const act of [
        client.delete('auth/totp'),
        client.post('auth/totp/recovery-codes'),
        client.post('auth/totp'),
      ]) {
        expect((await act).body.code).toBe('auth.step-up-needed');
      }
      const byPassword = await client.post('auth/step-up', { password: DEMO_PASSWORD });
      expect([byPassword.status, byPassword.body.code]).toEqual([422, 'auth.code-needed']);
      const stepped = await client.post('auth/step-up', { code: codeOf(secret, now()) });
      client = clientOf(stepped.body.token);
      expect((await client.delete('auth/totp')).status).toBe(204);
      expect((await client.delete('auth/totp')).body.code).toBe('auth.totp-not-enrolled');
      expect((await login('encargada')).body.hindrance).toBeNull();
      expect((await login('encargada', { code: recoveryCodes[0] ?? '' })).status).toBe(200);
      expect((await client.get('auth/totp')).body.recoveryCodesLeft).toBe(0);
    });
  });

  it('that was lost is removed by somebody with the permission, and by the operator', async () => {
    const norte = await house.as('vendedora.norte');
    await enrolApp(norte, now());
    const { id } = (await norte.get('auth/me')).body.user as { id: string };
    const encargada = await house.as('encargada');
    expect((await encargada.delete(`auth/users/${id}/totp`)).status).toBe(403);
    const admin = await house.as('admin');
    expect((await admin.delete(`auth/users/${id}/totp`)).status).toBe(204);
    expect((await login('vendedora.norte')).body.hindrance).toBeNull();
    expect((await admin.delete(`auth/users/${id}/totp`)).status).toBe(409);
    expect((await admin.delete(`auth/users/${kernel.newId()}/totp`)).status).toBe(404);

    const env = {
      DATABASE_URL: house.urls.application,
      DATABASE_OWNER_URL: house.urls.owner,
      NODE_ENV: 'test',
    };
    expect((await login('jefa', {}, NEW_PASSWORD)).body.hindrance).toBe('auth.totp-needed');
    const removed = await runCli(['auth', 'remove-totp', '--login', 'JEFA', '--json'], env);
    expect([removed.code, JSON.parse(removed.output)]).toEqual([
      0,
      { login: 'jefa', removed: 'authenticator app and recovery codes' },
    ]);
    expect((await login('jefa', {}, NEW_PASSWORD)).body.hindrance).toBe(
      'auth.totp-enrolment-needed',
    );
    const again = await runCli(['auth', 'remove-totp', '--login', 'jefa'], env);
    expect([again.code, again.output]).toEqual([
      1,
      expect.stringContaining('no authenticator app'),
    ]);
    const nobody = await runCli(['auth', 'remove-totp', '--login', 'nadie'], env);
    expect([nobody.code, nobody.output]).toEqual([1, expect.stringContaining('nadie')]);
    const events = await admin.get('audit/events?action=totp.removed&limit=10');
    expect(events.body.items.map((e: { actorLogin: string }) => e.actorLogin).sort()).toEqual([
      'admin',
      'encargada',
      'ofitec auth remove-totp',
    ]);
  });

  it('is demanded of the roles that the installation names, and the start refuses unknown ones', async () => {
    const none = await House.over(null, house.urls, { TOTP_REQUIRED_ROLES: 'none' });
    none.app.get(kernel.Clock).now = now;
    const jefa = await none.nobody.post('auth/login', { login: 'jefa', password: NEW_PASSWORD });
    expect(jefa.body.hindrance).toBeNull();
    await none.close();
    await expect(
      House.over(null, house.urls, { TOTP_REQUIRED_ROLES: 'admin,admn' }),
    ).rejects.toThrow('TOTP_REQUIRED_ROLES names no role of this house: admn');
  });

  it('goes on with another SECRET_KEY while the earlier one is a fallback, and is sealed anew', async () => {
    const client = await house.as('vendedora');
    const { secret } = await enrolApp(client, now());
    const sealed = async (): Promise<string> =>
      (
        await house.rows<{ secret: string }>(
          'owner',
          `SELECT secret FROM auth_totp JOIN base_user USING (id) WHERE login = 'vendedora'`,
        )
      )[0]?.secret ?? '';
    const before = await sealed();
    const keys = {
      SECRET_KEY: 'another key of the tests which nobody wants to keep either',
      SECRET_KEY_FALLBACKS: 'of the tests only and seals nothing that anybody wants to keep',
    };
    const turned = await House.over(null, house.urls, keys);
    turned.app.get(kernel.Clock).now = now;
    const at = async (where: House): Promise<number> => {
      pass();
      const proof = { login: 'vendedora', password: DEMO_PASSWORD, code: codeOf(secret, now()) };
      return (await where.nobody.post('auth/login', proof)).status;
    };
    expect(await at(turned)).toBe(200);
    expect((await sealed()).split('.')[1]).not.toBe(before.split('.')[1]);
    const only = await House.over(null, house.urls, { SECRET_KEY: keys.SECRET_KEY });
    only.app.get(kernel.Clock).now = now;
    expect(await at(only)).toBe(200);
    const keyless = await House.over(null, house.urls, { SECRET_KEY: '' });
    keyless.app.get(kernel.Clock).now = now;
    const missing = await (await keyless.as('contador')).post('auth/totp');
    expect([missing.status, missing.body.code]).toEqual([503, 'kernel.secret-key-missing']);
    await Promise.all([turned.close(), only.close(), keyless.close()]);
  });
});
