import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alerts, foundSecondCompany, House, kernel, openSession, shop } from '#test';
import type { Client, MovedClock } from '#test';

type Body = Record<string, unknown> & { id: string; version: number };

/** What must happen again and again, and what is heard when it does not. */
describe('heartbeats', () => {
  let house: House;
  let admin: Client;
  let clock: MovedClock;
  let worker: { stop: () => Promise<void> };

  beforeAll(async () => {
    house = await House.open(alerts.LONG_SESSIONS);
    clock = alerts.MovedClock.of(house);
    clock.set('2026-11-24T12:00:00Z');
    admin = await house.as('admin');
    worker = await alerts.startWorker(house);
  });

  afterAll(() => worker.stop());

  /** Another day: whoever was signed in does so again. */
  async function jump(instant: string): Promise<void> {
    clock.set(instant);
    admin = await house.as('admin');
  }

  async function heartbeat(name: string): Promise<Body> {
    return (await admin.get(`operational-alerts/heartbeats?name=${name}`)).body.items[0];
  }

  async function create(body: object): Promise<Record<string, string>> {
    const created = await admin.post('operational-alerts/heartbeats', body);
    expect([created.status, created.text]).toEqual([201, created.text]);
    return created.body;
  }

  function ping(name: string, token: string): ReturnType<Client['post']> {
    const headers = { authorization: `Bearer ${token}` };
    return house.nobody.post(`operational-alerts/heartbeats/${name}/ping`, undefined, headers);
  }

  async function stateIs(name: string, state: string): Promise<void> {
    await alerts.makeRound(house);
    await alerts.eventually(
      async () => (await heartbeat(name))['state'] === state,
      `${name} is not ${state}`,
    );
  }

  async function alertIs(name: string, state: string, type = 'heartbeat.missed'): Promise<Body> {
    const path = `operational-alerts/alerts?type=${type}&key=${name}`;
    await alerts.eventually(
      async () => (await admin.get(path)).body.items[0]?.state === state,
      `the alert of ${name} is not ${state}`,
    );
    return (await admin.get(path)).body.items[0];
  }

  it('of a job outside are pings with a token; missed and recovered', async () => {
    const name = 'backup-nightly';
    const { token = '', id } = await create({
      ...{ name, everySeconds: 3_600, graceSeconds: 600, severity: 'critical' },
    });
    expect(token).toMatch(/^[\w-]{43}$/);
    expect((await heartbeat(name))['state']).toBe('new');
    expect((await admin.get(`operational-alerts/heartbeats/${id}`)).text).not.toContain(token);
    expect((await ping(name, token)).status).toBe(204);
    await stateIs(name, 'up');
    clock.forward(65);
    await stateIs(name, 'late');
    clock.forward(5);
    await stateIs(name, 'down');
    expect(await alertIs(name, 'open')).toMatchObject({ severity: 'critical', occurrences: 1 });
    // One that is named for a backup says so in its own alert, for whoever operates the house.
    const missing = await alertIs(`heartbeat:${name}`, 'open', 'backup.missing');
    expect(missing).toMatchObject({ severity: 'critical', scope: 'installation' });
    expect((await ping(name, token)).status).toBe(204);
    await stateIs(name, 'up');
    expect(await alertIs(name, 'resolved')).toMatchObject({ resolvedBy: null });
    await alertIs(`heartbeat:${name}`, 'resolved', 'backup.missing');
    const { items } = (
      await admin.get(`audit/history/operational-alerts.heartbeat/${id}?sort=createdAt`)
    ).body;
    expect((items as { action: string }[]).map(({ action }) => action)).toEqual([
      ...['heartbeat.created', 'heartbeat.missed', 'heartbeat.recovered'],
    ]);
    const [row] = await house.rows<{ hash: string }>(
      'owner',
      'SELECT token_hash AS hash FROM operational_alerts_heartbeat WHERE name = $1',
      { values: [name] },
    );
    expect(row?.hash).not.toContain(token);
  });

  it('take no ping with another token, another name, or none', async () => {
    const { token = '' } = await create({ name: 'one', everySeconds: 60 });
    await create({ name: 'two', everySeconds: 60 });
    for (const [name, given] of [
      ['one', 'x'.repeat(43)],
      ['two', token],
      ['none', token],
      ['one', ''],
      ['one', `${token}x`],
    ] as const) {
      const refused = await ping(name, given);
      expect([name, refused.status, refused.body.code]).toEqual([
        ...[name, 401, 'operational-alerts.wrong-token'],
      ]);
    }
    expect((await heartbeat('one'))['lastSeenAt']).toBeNull();
    // A hundred pings a moment are one.
    const before = (await heartbeat('one')).version;
    await Promise.all(Array.from({ length: 100 }, () => ping('one', token)));
    expect((await heartbeat('one')).version).toBe(before + 1);
  });

  it('of anybody are limited as every request of a stranger is, and wrong tokens are recorded', async () => {
    const limited = await House.over(house.database, house.urls, {
      API_THROTTLE_ANON_IP_RATE: '5/min',
    });
    const headers = { authorization: `Bearer ${'y'.repeat(43)}` };
    const statuses: number[] = [];
    for (let count = 0; count < 7; count += 1) {
      const path = 'operational-alerts/heartbeats/one/ping';
      statuses.push((await limited.nobody.post(path, undefined, headers)).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    await limited.close();
    await alerts.eventually(
      async () => (await admin.get('audit/events?action=access.denied')).body.items.length > 0,
    );
  });

  it('of a business day: no cash session opened by ten o’clock, but not on holidays or Sundays', async () => {
    await jump('2026-11-25T11:30:00Z');
    let vendedora = await house.as('vendedora');
    const { branchId, registerIds } = await shop(vendedora);
    const norte = await shop(vendedora, 'NORTE');
    for (const [name, branch] of [
      ['open-centro', branchId],
      ['open-norte', norte.branchId],
    ] as const) {
      await create({
        ...{ name, eventName: 'cash_session.opened', match: { branchId: branch } },
        ...{ byTime: '10:00', byDays: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
        ...{ skipsHolidays: true, closedDays: ['2026-12-09'], graceSeconds: 0 },
      });
    }
    // Wednesday: Centro opens at 09:30 in Santiago, Norte does not.
    clock.set('2026-11-25T12:30:00Z');
    const sessionId = await openSession(vendedora, registerIds[0] ?? '', 0);
    clock.set('2026-11-25T12:59:00Z');
    await alerts.makeRound(house);
    expect((await heartbeat('open-norte'))['state']).not.toBe('down');
    clock.set('2026-11-25T13:00:00Z');
    await stateIs('open-norte', 'down');
    await stateIs('open-centro', 'up');
    const { severity } = await alertIs('open-norte', 'open');
    expect(severity).toBe('warning');
    // It opens late, and the alert is over.
    clock.set('2026-11-25T13:40:00Z');
    const second = await house.as('vendedora.norte');
    await openSession(second, norte.registerIds[0] ?? '', 0);
    clock.forward(2);
    await stateIs('open-norte', 'up');
    await alertIs('open-norte', 'resolved');
    await vendedora.post(`payments/cash-sessions/${sessionId}/close`, { countedAmount: 0 });

    // The day before the Immaculate Conception, the holiday, and the day that is closed.
    await jump('2026-12-07T12:00:00Z');
    vendedora = await house.as('vendedora');
    await openSession(vendedora, registerIds[0] ?? '', 0);
    clock.set('2026-12-07T14:00:00Z');
    await stateIs('open-centro', 'up');
    expect((await heartbeat('open-centro'))['dueAt']).toBe('2026-12-10T13:00:00.000Z');
  });

  it('of the end of the day: the daily cut is missing', async () => {
    await jump('2026-12-14T15:00:00Z');
    const encargada = await house.as('encargada');
    const { branchId } = await shop(encargada);
    await create({
      ...{ name: 'cut-centro', eventName: 'daily_cut.made', match: { branchId } },
      ...{ byTime: '21:00', skipsHolidays: true, graceSeconds: 1_800 },
    });
    clock.set('2026-12-15T00:20:00Z');
    await stateIs('cut-centro', 'late');
    clock.set('2026-12-15T00:30:00Z');
    await stateIs('cut-centro', 'down');
    const cut = await encargada.post('payments/daily-cuts', { branchId, date: '2026-12-14' });
    expect(cut.status).toBe(201);
    clock.forward(1);
    await stateIs('cut-centro', 'up');
    await alertIs('cut-centro', 'resolved');
  });

  it('of something that is never silent for long, such as a connector: any event of any addon', async () => {
    const said = async (): Promise<void> => {
      const answer = await admin.post('sales/customers', {
        name: `Cliente ${clock.now.getTime()}`,
      });
      expect(answer.status).toBe(201);
    };
    const name = 'connector-talks';
    await create({ name, eventName: 'customer.created', everySeconds: 7_200, graceSeconds: 60 });
    // Written by a node whose clock is days ahead: no sign until then.
    await house.rows(
      'superuser',
      `INSERT INTO kernel_event SELECT gen_random_uuid(), company_id, $1, action, schema_version, actor_id, actor_login,
         actor_roles, ip, request_id, subject_type, subject_id, subject_label, changes, reason, payload
       FROM kernel_event WHERE action = 'customer.created' LIMIT 1`,
      { values: [new Date(clock.now.getTime() + 3 * 86_400_000).toISOString()] },
    );
    clock.forward(60);
    await said();
    clock.forward(61);
    await stateIs(name, 'up');
    const { lastSeenAt } = await heartbeat(name);
    expect(clock.now.getTime() - Date.parse(String(lastSeenAt))).toBeGreaterThan(3_600_000);
    // An hour after the sign it is not due, two hours after it is missed.
    await alerts.makeRound(house);
    expect((await heartbeat(name))['state']).toBe('up');
    clock.forward(61);
    await stateIs(name, 'down');
    await alertIs(name, 'open');
    await said();
    clock.forward(2);
    await stateIs(name, 'up');
    await alertIs(name, 'resolved');
  });

  it('of the house itself: the worker, and every schedule that must have run without a fault', async () => {
    await alerts.beatWorker(house);
    const { items } = (await admin.get('operational-alerts/heartbeats?source=schedule&limit=200'))
      .body;
    const names = (items as { eventName: string }[]).map(({ eventName }) => eventName);
    expect(names).toEqual(
      expect.arrayContaining(['kernel.event-partitions', 'payments.check-ledger']),
    );
    const name = 'schedule:payments.check-ledger';
    const { everySeconds, id } = await heartbeat(name);
    expect(everySeconds).toBe(86_400);
    const schedules = house.app.get(kernel.Schedules);
    await schedules.runOnce('payments.check-ledger', clock.now);
    clock.forward(2);
    await stateIs(name, 'up');
    // It falls due again and fails.
    await house.rows('owner', 'REVOKE SELECT ON payments_ledger FROM ofitec_app');
    clock.forward(12 * 60);
    await schedules.runOnce('payments.check-ledger', clock.now).catch(() => false);
    clock.forward(14 * 60);
    admin = await house.as('admin');
    await stateIs(name, 'down');
    await house.rows('owner', 'GRANT SELECT ON payments_ledger TO ofitec_app');
    await schedules.runOnce('payments.check-ledger', clock.now);
    clock.forward(2);
    await stateIs(name, 'up');
    expect(id).toBeTruthy();
  });

  it('rest while they are paused, and begin anew when what is expected changes', async () => {
    const { id = '', token = '' } = await create({ name: 'paused', everySeconds: 60 });
    const edit = async (body: object): Promise<Body> => {
      const { version } = await heartbeat('paused');
      const edited = await admin.patch(`operational-alerts/heartbeats/${id}`, body, version);
      expect([edited.status, edited.text]).toEqual([200, edited.text]);
      return edited.body;
    };
    expect(await edit({ paused: true })).toMatchObject({ state: 'paused', dueAt: null });
    clock.forward(600);
    await alerts.makeRound(house);
    await ping('paused', token);
    expect((await heartbeat('paused'))['state']).toBe('paused');
    expect(await edit({ paused: false })).toMatchObject({ state: 'new' });
    // Missed, and then put to rest: nobody waits for it any more.
    clock.forward(600);
    await stateIs('paused', 'down');
    await alertIs('paused', 'open');
    await edit({ paused: true });
    await alertIs('paused', 'resolved');
    await edit({ paused: false });
    const edited = await edit({ byTime: '09:00', byDays: ['mon'] });
    expect(edited).toMatchObject({ everySeconds: null, byTime: '09:00', byDays: ['mon'] });
    expect(kernel.businessDay(new Date(String(edited['dueAt'])))).not.toBe(
      kernel.businessDay(clock.now),
    );
  });

  it('without sense are refused, and belong to one company', async () => {
    const ask = async (body: object): Promise<[number, string]> => {
      const refused = await admin.post('operational-alerts/heartbeats', { name: 'x', ...body });
      return [refused.status, String(refused.body.code)];
    };
    const no = [422, 'operational-alerts.heartbeat-refused'];
    expect(await ask({})).toEqual(no);
    expect(await ask({ everySeconds: 60, byTime: '10:00' })).toEqual(no);
    expect(await ask({ byTime: '10:00', byDays: ['lun'] })).toEqual(no);
    expect(await ask({ byTime: '10:00', closedDays: ['2026-02-30'] })).toEqual(no);
    expect(await ask({ everySeconds: 60, eventName: 'thing.never' })).toEqual(no);
    expect(await ask({ everySeconds: 60, match: { a: 1 } })).toEqual(no);
    expect((await ask({ byTime: '25:00' }))[0]).toBe(400);
    expect((await ask({ name: 'No Name', everySeconds: 60 }))[0]).toBe(400);
    expect(await ask({ name: 'paused', everySeconds: 60 })).toEqual([
      ...[409, 'operational-alerts.heartbeat-name-taken'],
    ]);
    const encargada = await house.as('encargada');
    expect((await encargada.get('operational-alerts/heartbeats')).status).toBe(200);
    const body = { name: 'y', everySeconds: 60 };
    expect((await encargada.post('operational-alerts/heartbeats', body)).status).toBe(403);
    await foundSecondCompany(house);
    const stranger = await house.as('admin.dos');
    expect((await stranger.get('operational-alerts/heartbeats')).body.items).toEqual([]);
    expect((await stranger.post('operational-alerts/heartbeats', body)).status).toBe(201);
  });
});

describe('holidays and hours of Chile', () => {
  it.each([
    ['2026-09-18', true],
    ['2026-12-25', true],
    ['2027-03-26', true],
    ['2027-03-27', true],
    ['2027-03-28', true],
    ['2026-12-31', false],
    ['2026-11-25', false],
  ])('%s is a holiday: %s', async (day, expected) => {
    expect(await alerts.isHoliday(day)).toBe(expected);
  });

  const rule = {
    ...{ everySeconds: null, byTime: '10:00', byDays: [1, 2, 3, 4, 5, 6, 7] },
    ...{ skipsHolidays: false, closedDays: [], graceSeconds: 0 },
  };

  it('counts the day from its first instant, also where there is no midnight', async () => {
    // Clocks go from 23:59 of 5 September 2026 to 01:00 of the 6th.
    const span = await alerts.spanFrom(rule, '2026-09-06T02:00:00Z');
    expect(span.sinceAt.toISOString()).toBe('2026-09-06T04:00:00.000Z');
    expect(span.dueAt.toISOString()).toBe('2026-09-06T13:00:00.000Z');
  });

  it('a sign of the evening does not meet the next morning’s deadline', async () => {
    const evening = await alerts.spanAfter(rule, '2026-11-24T23:00:00Z');
    expect(evening.dueAt.toISOString()).toBe('2026-11-25T13:00:00.000Z');
    const morning = await alerts.spanAfter(rule, '2026-11-25T11:00:00Z');
    expect(morning.dueAt.toISOString()).toBe('2026-11-26T13:00:00.000Z');
  });
});
