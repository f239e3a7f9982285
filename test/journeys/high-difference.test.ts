import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DEMO_PASSWORD, foundSecondCompany, House, openSession, shop } from '#test';
import type { Client, Shop } from '#test';

const PASSWORD = DEMO_PASSWORD;

/** A cash difference over the company's threshold: a second person, and no peeking. */
describe('a high difference', () => {
  let house: House;
  let vendedora: Client;
  let encargada: Client;
  let admin: Client;
  let centro: Shop;
  let path: string;

  beforeAll(async () => {
    house = await House.open();
    [vendedora, encargada, admin] = await Promise.all([
      house.as('vendedora'),
      house.as('encargada'),
      house.as('admin'),
    ]);
    centro = await shop(vendedora);
    await foundSecondCompany(house);
    await admin.put('base/settings/CASH_DIFF_ALERT_THRESHOLD', { value: 2_000 }, 0);
    for (const value of [-1, 0.5, '2000', null, 1e9]) {
      const wrong = await admin.put('base/settings/CASH_DIFF_ALERT_THRESHOLD', { value }, 1);
      expect([value, wrong.status]).toEqual([value, 422]);
    }
  });

  beforeEach(async () => {
    const id = await openSession(vendedora, centro.registerIds[0] ?? '', 10_000);
    path = `payments/cash-sessions/${id}`;
  });

  afterEach(async () => {
    await encargada.post(`${path}/close`, { countedAmount: 10_000 });
  });

  const stateOf = async (): Promise<unknown> => (await encargada.get(path)).body.state;

  it('within the threshold needs nobody', async () => {
    const closed = await vendedora.post(`${path}/close`, { countedAmount: 8_000 });
    expect(closed.body).toMatchObject({ state: 'closed', difference: -2_000, approvedBy: null });
  });

  it.each([7_999, 12_001])(
    'of a count of %i is refused alone; the count stays, and who tried',
    async (countedAmount) => {
      const alone = await vendedora.post(`${path}/close`, { countedAmount });
      expect([alone.status, alone.body.code]).toEqual([409, 'payments.difference-needs-approval']);
      const difference = countedAmount - 10_000;
      expect(alone.body).toMatchObject({ difference, threshold: 2_000 });
      expect((await encargada.get(path)).body).toMatchObject({ state: 'ended', countedAmount });
      const id = path.split('/').at(-1) ?? '';
      const { items } = (await encargada.get(`audit/history/payments.cash_session/${id}`)).body;
      expect(items.map(({ action }: { action: string }) => action)).toEqual([
        ...['cash_session.close_refused', 'cash_session.counted', 'cash_session.ended'],
        'cash_session.opened',
      ]);
      expect(items[0]).toMatchObject({
        ...{ actorLogin: 'vendedora' },
        payload: { countedAmount, difference, threshold: 2_000 },
      });
      // What was counted can be approved now, and the close repeated as it was.
      expect((await encargada.post(`${path}/approve`)).status).toBe(200);
      const again = await vendedora.post(`${path}/close`, { countedAmount });
      expect(again.body).toMatchObject({ state: 'closed', difference });
    },
  );

  it('passes with the password of a second person who may, and of nobody else', async () => {
    const close = (login: string, password: string): ReturnType<Client['post']> =>
      vendedora.post(`${path}/close`, { countedAmount: 0, approval: { login, password } });
    for (const [login, password] of [
      ['encargada', 'no es esta'],
      ['nadie', PASSWORD],
      ['vendedora', PASSWORD],
      ['vendedora.norte', PASSWORD],
      ['contador', PASSWORD],
      ['encargada.dos', PASSWORD],
    ] as const) {
      const refused = await close(login, password);
      expect([login, refused.status, refused.body.code]).toEqual([
        login,
        403,
        'payments.approval-refused',
      ]);
    }
    expect(await stateOf()).toBe('open');
    const closed = await close('encargada', PASSWORD);
    expect(closed.body).toMatchObject({ state: 'closed', difference: -10_000 });
    const { items } = (await admin.get('audit/events?action=cash_session.high_difference')).body;
    // Two more are of the refused closes above, approved afterwards.
    expect(items).toHaveLength(3);
    expect(items[0]).toMatchObject({
      actorLogin: 'vendedora',
      payload: { difference: -10_000, threshold: 2_000, approverLogin: 'encargada' },
    });
    expect(JSON.stringify(items)).not.toContain(PASSWORD);
  });

  it('passes when the encargada approved the count before in her own session', async () => {
    const early = await encargada.post(`${path}/approve`);
    expect([early.status, early.body.code]).toEqual([422, 'payments.cash-not-counted']);
    await vendedora.post(`${path}/count`, { countedAmount: 100 });
    expect((await vendedora.post(`${path}/approve`)).status).toBe(403);
    expect((await encargada.post(`${path}/approve`)).status).toBe(200);
    // A new count is not the one that was approved.
    await vendedora.post(`${path}/count`, { countedAmount: 0 });
    expect((await vendedora.post(`${path}/close`, {})).status).toBe(409);
    await encargada.post(`${path}/approve`);
    const closed = await vendedora.post(`${path}/close`, {});
    expect(closed.body).toMatchObject({ state: 'closed', difference: -10_000 });
    expect(closed.body.approvedBy).not.toBeNull();
  });

  it('of an encargada’s own session needs somebody else', async () => {
    const id = await openSession(admin, centro.registerIds[2] ?? '', 10_000);
    const own = `payments/cash-sessions/${id}`;
    await admin.post(`${own}/count`, { countedAmount: 0 });
    const self = await admin.post(`${own}/approve`);
    expect([self.status, self.body.code]).toEqual([409, 'payments.own-difference']);
    const approval = { login: 'admin', password: PASSWORD };
    expect((await admin.post(`${own}/close`, { approval })).status).toBe(409);
    const closed = await encargada.post(`${own}/close`, {});
    expect(closed.body).toMatchObject({ state: 'closed', difference: -10_000 });
  });

  it('is nowhere to be seen for a cashier who counts blindly', async () => {
    const setting = await admin.get('base/settings/BLIND_COUNT');
    await admin.put('base/settings/BLIND_COUNT', { value: true }, Number(setting.body.version));
    const refused = await vendedora.post(`${path}/close`, { countedAmount: 0 });
    expect(refused.body.code).toBe('payments.difference-needs-approval');
    expect(refused.text).not.toMatch(/10.?000|threshold|difference"/);
    await encargada.post(`${path}/close`, { countedAmount: 9_999 });
    const hidden = {
      expectedAmount: null,
      difference: null,
      openingDifference: null,
      byMethod: null,
    };
    expect((await vendedora.get(path)).body).toMatchObject({ ...hidden, countedAmount: 9_999 });
    const listed = (await vendedora.get('payments/cash-sessions?limit=200')).body.items;
    for (const item of listed) expect(item).toMatchObject(hidden);
    expect((await encargada.get(path)).body).toMatchObject({
      expectedAmount: 10_000,
      difference: -1,
    });
    expect((await vendedora.get('audit/events')).status).toBe(403);
    await admin.put(
      'base/settings/BLIND_COUNT',
      { value: false },
      Number(setting.body.version) + 1,
    );
  });
});
