import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { Client, DEMO_PASSWORD, enrolApp, House, kernel } from '#test';

const DAY = 86_400_000;

/** Passwords where an installation follows NIST SP 800-63B-4 instead of the shops' own rules. */
describe('a password by nist-63b-4', () => {
  let house: House;
  const begun = Date.now();
  let aheadMs = 0;

  beforeAll(async () => {
    house = await House.open({ PASSWORD_POLICY: 'nist-63b-4' });
    house.app.get(kernel.Clock).now = () => new Date(begun + aheadMs);
  });

  const login = (name: string, password: string): Promise<Response> =>
    house.nobody.post('auth/login', { login: name, password });
  const clientOf = ({ body }: Response): Client =>
    new Client(house.url, (body as { token: string }).token);
  const change = (
    client: Client,
    currentPassword: string,
    newPassword: string,
  ): Promise<Response> => client.post('auth/password', { currentPassword, newPassword });
  const resetOf = async (name: string): Promise<{ id: string; initialPassword: string }> => {
    const admin = await house.as('admin');
    const { id } = (await admin.get(`base/users?login=${name}`)).body.items[0] as { id: string };
    const reset = await admin.post(`auth/users/${id}/reset`);
    return { id, initialPassword: String(reset.body.initialPassword) };
  };

  it('takes any characters and any length, and nothing but the password itself', async () => {
    const long = 'nubes bajas sobre el puerto viejo ';
    const taken = [
      'caracol lento bajo la lluvia',
      '八千代に千代に君が代は岩音鳴りて',
      `  ${long.repeat(2)}`,
      long.repeat(8).slice(0, 255).padEnd(256, 'Z'),
    ];
    let [client, current] = [await house.as('vendedora'), DEMO_PASSWORD];
    const short = await change(client, current, 'Corta-Años-7!');
    expect(short.body.errors[0].message).toBe('tiene menos de 15 caracteres');
    for (const password of taken) {
      const changed = await change(client, current, password);
      expect([password.length, changed.status]).toEqual([password.length, 200]);
      for (const near of [password.slice(0, -1), password.toUpperCase(), password.trim()]) {
        if (near !== password) expect((await login('vendedora', near)).status).toBe(401);
      }
      // Far enough that the next near ones are judged, and not only made to wait.
      aheadMs += DAY;
      const signedIn = await login('vendedora', password);
      expect(signedIn.status).toBe(200);
      [client, current] = [clientOf(signedIn), password];
    }
    expect((await change(client, current, `${current}Z`)).status).toBe(400);
  });

  it('does not run out, however old it is', async () => {
    const before = aheadMs;
    aheadMs += 3_650 * DAY;
    const signedIn = await login('contador', DEMO_PASSWORD);
    expect([signedIn.status, signedIn.body.hindrance]).toEqual([200, null]);
    aheadMs = before;
  });

  it('is changed by who knows the present one, and by nobody else', async () => {
    const client = await house.as('vendedora.norte');
    const next = 'tres gaviotas y un remolcador';
    const refused = await change(client, 'no es esta', next);
    expect([refused.status, refused.body.code]).toEqual([422, 'auth.wrong-proof']);
    const bare = await client.post('auth/password', { newPassword: next });
    expect(bare.status).toBe(400);
    expect((await login('vendedora.norte', next)).status).toBe(401);
    expect((await change(client, DEMO_PASSWORD, next)).status).toBe(200);
    expect((await login('vendedora.norte', DEMO_PASSWORD)).status).toBe(401);
  });

  it('does not let an initial password stay', async () => {
    const { initialPassword } = await resetOf('contador');
    const client = clientOf(await login('contador', initialPassword));
    const same = await change(client, initialPassword, initialPassword);
    expect([same.status, same.body.code]).toEqual([422, 'auth.password-used-before']);
    expect((await client.get('sales/orders')).body.code).toBe('auth.password-must-change');
  });

  it('is reset without taking the authenticator app away', async () => {
    await enrolApp(await house.as('encargada'), new Date(begun + aheadMs));
    const { initialPassword } = await resetOf('encargada');
    const half = await login('encargada', initialPassword);
    expect([half.status, half.body.hindrance]).toEqual([200, 'auth.totp-needed']);
    const client = clientOf(half);
    const changed = await change(client, initialPassword, 'una escalera de caracol y dos faroles');
    expect([changed.status, changed.body.code]).toEqual([403, 'auth.totp-needed']);
  });
});
