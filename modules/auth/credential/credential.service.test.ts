import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, setPassword } from '#test';

/** What is asked of passwords, where the house itself makes or knows them. */
describe('passwords', () => {
  let house: House;

  beforeAll(async () => {
    house = await House.open();
  });

  it('hands out initial passwords that meet the policy, each another', async () => {
    const admin = await house.as('admin');
    const { id } = (await admin.get('base/users?login=contador')).body.items[0] as { id: string };
    const seen = new Set<string>();
    for (let count = 0; count < 25; count += 1) {
      const { initialPassword } = (await admin.post(`auth/users/${id}/reset`)).body as {
        initialPassword: string;
      };
      const verdict = await admin.post('auth/password/check', { password: initialPassword });
      expect(verdict.body).toMatchObject({ accepted: true, faults: [] });
      seen.add(initialPassword);
    }
    expect(seen.size).toBe(25);
  });

  it('refuses words that belong here: login, name, roles, shop, product', async () => {
    const admin = await house.as('admin');
    const company = (await admin.get('base/company')).body as { id: string; name: string };
    const made = await admin.post('base/users', {
      ...{ login: 'lv.pacheco', name: 'Loreto Villablanca', roles: ['encargada'] },
    });
    const password = 'Tres-Truchas-Trepan-Tristes-7';
    await setPassword(house, company.id, String(made.body.id), password);
    const login = await house.nobody.post('auth/login', { login: 'lv.pacheco', password });
    const headers = { authorization: `Bearer ${String(login.body.token)}` };
    const shopWord = company.name.split(' ')[0] ?? '';
    for (const word of ['Pacheco', 'Villablanca', 'Encargada', shopWord, 'Ofitec']) {
      const checked = await house.nobody.post(
        'auth/password/check',
        { password: `${word}${word}-12!` },
        headers,
      );
      expect([word, checked.body.faults]).toEqual([word, ['es casi solo un nombre de aquí']]);
    }
  });
});
