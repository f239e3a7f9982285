import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alerts, DEMO_PASSWORD, foundSecondCompany, House, kernel, openSession, shop } from '#test';
import type { Client } from '#test';

type Body = Record<string, unknown> & { id: string };

/** What goes wrong becomes an alert, and people say what they do about it. */
describe('the life of an alert', () => {
  let house: House;
  let admin: Client;
  let encargada: Client;
  let worker: { stop: () => Promise<void> };

  beforeAll(async () => {
    house = await House.open();
    [admin, encargada] = await Promise.all([house.as('admin'), house.as('encargada')]);
    worker = await alerts.startWorker(house);
  });

  afterAll(() => worker.stop());

  async function alertOf(client: Client, type: string, key?: string): Promise<Body | undefined> {
    const query = key === undefined ? '' : `&key=${key}`;
    const { body } = await client.get(`operational-alerts/alerts?type=${type}${query}`);
    return (body.items as Body[])[0];
  }

  async function arrived(type: string, key?: string): Promise<Body> {
    await alerts.eventually(async () => (await alertOf(admin, type, key)) !== undefined, type);
    return (await alertOf(admin, type, key)) as Body;
  }

  async function eventsOf(id: string): Promise<string[]> {
    const { body } = await admin.get(`audit/history/operational-alerts.alert/${id}?sort=createdAt`);
    return (body.items as { action: string }[]).map(({ action }) => action);
  }

  it('comes from an event of an addon that it does not know, and links it', async () => {
    await admin.put('base/settings/CASH_DIFF_ALERT_THRESHOLD', { value: 2_000 }, 0);
    const vendedora = await house.as('vendedora');
    const { registerIds } = await shop(vendedora);
    const sessionId = await openSession(vendedora, registerIds[0] ?? '', 10_000);
    const closed = await vendedora.post(`payments/cash-sessions/${sessionId}/close`, {
      countedAmount: 0,
      approval: { login: 'encargada', password: DEMO_PASSWORD },
    });
    expect(closed.status).toBe(200);
    const alert = await arrived('cash_session.high_difference', sessionId);
    expect(alert).toMatchObject({
      ...{ severity: 'warning', scope: 'company', state: 'open', occurrences: 1 },
      ...{ regression: false, runbook: 'runbooks/playbooks/cash_session_high_difference.md' },
      es: 'Una caja se cerró con una diferencia sobre el umbral',
    });
    const [cause] = alert['causes'] as { eventId: string; name: string }[];
    const event = await admin.get(`audit/events/${cause?.eventId}`);
    expect(event.body).toMatchObject({
      action: 'cash_session.high_difference',
      subjectId: sessionId,
    });
    // The figure stays in the log, where permissions on blind counts hold.
    expect(JSON.stringify(alert)).not.toContain('10000');
    expect(await eventsOf(alert.id)).toEqual(['alert.opened']);
    expect((await alertOf(encargada, 'cash_session.high_difference'))?.id).toBe(alert.id);
  });

  it('of a session left open overnight comes every morning and ends when it is closed', async () => {
    const vendedora = await house.as('vendedora');
    const { registerIds } = await shop(vendedora);
    const sessionId = await openSession(vendedora, registerIds[1] ?? '', 0);
    const schedules = house.app.get(kernel.Schedules);
    await schedules.runOnce('payments.find-stale-sessions', new Date('2026-01-01T09:30:00Z'));
    expect(await alertOf(admin, 'cash_session.stale_open')).toBeUndefined();
    await house.rows(
      'owner',
      `UPDATE payments_cash_session SET business_date = business_date - 1 WHERE id = $1`,
      { values: [sessionId] },
    );
    for (const day of ['02', '03']) {
      const due = new Date(`2026-01-${day}T09:30:00Z`);
      expect(await schedules.runOnce('payments.find-stale-sessions', due)).toBe(true);
    }
    await alerts.eventually(
      async () => (await alertOf(admin, 'cash_session.stale_open'))?.['occurrences'] === 2,
      'two mornings',
    );
    await vendedora.post(`payments/cash-sessions/${sessionId}/close`, { countedAmount: 0 });
    await alerts.eventually(
      async () => (await alertOf(admin, 'cash_session.stale_open'))?.['state'] === 'resolved',
      'closed',
    );
    const alert = await alertOf(admin, 'cash_session.stale_open', sessionId);
    expect(alert).toMatchObject({ occurrences: 2, resolvedBy: null });
    expect(alert?.['causes']).toHaveLength(2);
    expect(await eventsOf(alert?.id ?? '')).toEqual(['alert.opened', 'alert.resolved']);
  });

  it('of a drift in the ledger is one of each kind of figure, and ends with a clean night', async () => {
    const drift = async (value: number): Promise<void> => {
      await house.rows(
        'owner',
        `UPDATE payments_cash_session SET expected_amount = expected_amount + $1
         WHERE state = 'closed'`,
        { values: [value] },
      );
    };
    const schedules = house.app.get(kernel.Schedules);
    await drift(10);
    await schedules.runOnce('payments.check-ledger', new Date('2026-01-02T07:20:00Z'));
    const alert = await arrived('ledger.drift', 'session');
    expect(alert).toMatchObject({ severity: 'critical', state: 'open' });
    await drift(-10);
    await schedules.runOnce('payments.check-ledger', new Date('2026-01-03T07:20:00Z'));
    await alerts.eventually(
      async () => (await alertOf(admin, 'ledger.drift', 'session'))?.['state'] === 'resolved',
      'a clean night',
    );
  });

  it('of a delivery that failed to the last comes with the handler and the event', async () => {
    const handler = 'auth/SessionService.endOfDisabled';
    await house.rows('owner', 'REVOKE DELETE ON auth_session FROM ofitec_app');
    const { body } = await admin.get('base/users?login=contador');
    const [user] = body.items as (Body & { version: number })[];
    await admin.patch(`base/users/${user?.id}`, { active: false }, user?.version);
    // As if eleven attempts were behind it: the next one is the last.
    await alerts.eventually(async () => {
      const tried = await house.rows(
        'superuser',
        `UPDATE pgboss.job SET retry_count = retry_limit, start_after = now()
         WHERE name = 'ofitec-deliveries' AND state = 'retry' AND data->>'handler' = $1 RETURNING 1`,
        { values: [handler] },
      );
      return tried.length > 0;
    }, 'a first failure');
    const alert = await arrived('delivery.exhausted', handler);
    await house.rows('owner', 'GRANT DELETE ON auth_session TO ofitec_app');
    expect(alert).toMatchObject({ severity: 'warning', state: 'open', occurrences: 1 });
    const { items } = (await admin.get('audit/events?action=delivery.exhausted')).body;
    expect(items).toHaveLength(1);
    expect(items[0].payload).toMatchObject({ handler, action: 'user.changed' });
    expect(String(items[0].payload.error)).toContain('permission denied');
    await admin.patch(`base/users/${user?.id}`, { active: true }, (user?.version ?? 0) + 1);
  }, 60_000);

  it('is acknowledged, silenced and resolved by people, each act an event with its reason', async () => {
    await alerts.occur(house, 'disk.low', 'host:/acts');
    const { id } = await arrived('disk.low', 'host:/acts');
    const path = `operational-alerts/alerts/${id}`;
    const acknowledged = await admin.post(`${path}/acknowledge`, { note: 'voy a mirar' });
    expect(acknowledged.body).toMatchObject({ state: 'acknowledged', reason: 'voy a mirar' });
    expect(acknowledged.body.acknowledgedBy).toBeTruthy();

    const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
    for (const until of [at(-1_000), at(31 * 86_400_000)]) {
      const refused = await admin.post(`${path}/silence`, { until, reason: 'x' });
      expect([refused.status, refused.body.code]).toEqual([
        422,
        'operational-alerts.silence-too-long',
      ]);
    }
    expect((await admin.post(`${path}/silence`, { until: at(60_000) })).status).toBe(400);
    const until = at(3_600_000);
    const silenced = await admin.post(`${path}/silence`, { until, reason: 'se amplía mañana' });
    expect(silenced.body).toMatchObject({ state: 'silenced', silencedUntil: until });
    await alerts.occur(house, 'disk.low', 'host:/acts');
    expect((await admin.get(path)).body).toMatchObject({ state: 'silenced', occurrences: 2 });

    const resolved = await admin.post(`${path}/resolve`, { note: 'ampliado' });
    expect(resolved.body).toMatchObject({ state: 'resolved', reason: 'ampliado' });
    expect(resolved.body.resolvedBy).toBe(acknowledged.body.acknowledgedBy);
    for (const verb of ['acknowledge', 'resolve']) {
      const again = await admin.post(`${path}/${verb}`, {});
      expect([again.status, again.body.code]).toEqual([
        409,
        'operational-alerts.alert-resolved-already',
      ]);
    }
    expect(await eventsOf(id)).toEqual([
      ...['alert.opened', 'alert.acknowledged', 'alert.silenced', 'alert.resolved'],
    ]);
    const { items } = (await admin.get(`audit/history/operational-alerts.alert/${id}`)).body;
    const reasons = (items as { reason: string | null }[]).map(({ reason }) => reason);
    expect(reasons).toEqual(['ampliado', 'se amplía mañana', 'voy a mirar', null]);
  });

  it('that was resolved and returns is open again and marked as a regression', async () => {
    await alerts.occur(house, 'disk.low', 'host:/acts');
    const back = await alertOf(admin, 'disk.low', 'host:/acts');
    expect(back).toMatchObject({ state: 'open', regression: true, regressions: 1, occurrences: 3 });
    expect(back).toMatchObject({ acknowledgedBy: null, resolvedAt: null });
    expect(await eventsOf(back?.id ?? '')).toContain('alert.reopened');
  });

  it('resolves by itself after as many good signs in a row as its type asks for', async () => {
    const state = async (): Promise<unknown> =>
      (await alertOf(admin, 'disk.low', 'host:/acts'))?.['state'];
    await alerts.goodSign(house, 'disk.low', 'host:/acts');
    await alerts.goodSign(house, 'disk.low', 'host:/acts');
    expect(await state()).toBe('open');
    // A bad one in between begins the count again.
    await alerts.occur(house, 'disk.low', 'host:/acts');
    await alerts.goodSign(house, 'disk.low', 'host:/acts');
    await alerts.goodSign(house, 'disk.low', 'host:/acts');
    expect(await state()).toBe('open');
    await alerts.goodSign(house, 'disk.low', 'host:/acts');
    expect(await state()).toBe('resolved');
    // An occurrence of before, brought late, is counted and opens nothing.
    const past = new Date(Date.now() - 60_000);
    await alerts.occur(house, 'disk.low', 'host:/acts', { firstAt: past, lastAt: past });
    expect(await alertOf(admin, 'disk.low', 'host:/acts')).toMatchObject({
      ...{ state: 'resolved', occurrences: 5 },
    });
  });

  it('keeps its first cause and the latest, however many there were', async () => {
    const at = new Date().toISOString();
    for (let count = 0; count < 30; count += 1) {
      const cause = { eventId: kernel.newId(), name: `thing.number_${count}`, at };
      await alerts.occur(house, 'disk.low', 'host:/causes', { cause });
    }
    const causes = (await alertOf(admin, 'disk.low', 'host:/causes'))?.['causes'] as {
      name: string;
    }[];
    expect(causes).toHaveLength(20);
    expect([causes[0]?.name, causes[1]?.name, causes.at(-1)?.name]).toEqual([
      ...['thing.number_0', 'thing.number_11', 'thing.number_29'],
    ]);
  });

  it('of one fingerprint stays one, however many raise it at once', async () => {
    await Promise.all(
      Array.from({ length: 20 }, () => alerts.occur(house, 'disk.low', 'host:/race')),
    );
    const { body } = await admin.get('operational-alerts/alerts?key=host:/race');
    expect(body.items).toHaveLength(1);
    expect(body.items[0]).toMatchObject({ occurrences: 20, state: 'open' });
    expect(await eventsOf(body.items[0].id as string)).toEqual(['alert.opened']);
  });

  it('of the installation is seen by the admin of the company that operates it, and nobody else', async () => {
    const installation = 'operational-alerts/alerts?scope=installation';
    expect((await admin.get(installation)).body.items.length).toBeGreaterThan(0);
    for (const client of [encargada, await house.as('contador')]) {
      expect((await client.get(installation)).body.items).toEqual([]);
      expect((await client.get('operational-alerts/alerts')).body.items.length).toBeGreaterThan(0);
    }
    const { id } = (await alertOf(admin, 'disk.low', 'host:/race')) as Body;
    expect((await encargada.get(`operational-alerts/alerts/${id}`)).status).toBe(404);
    expect((await encargada.post(`operational-alerts/alerts/${id}/resolve`, {})).status).toBe(404);
    expect((await (await house.as('vendedora')).get('operational-alerts/alerts')).status).toBe(403);
    await foundSecondCompany(house);
    const stranger = await house.as('admin.dos');
    expect((await stranger.get('operational-alerts/alerts')).body.items).toEqual([]);
    expect((await stranger.get(`operational-alerts/alerts/${id}`)).status).toBe(404);
  });

  it('fires a test that means nothing, and lists every type with its runbook', async () => {
    const fired = await admin.post('operational-alerts/alerts/test-fire', { severity: 'critical' });
    expect(fired.body).toMatchObject({ type: 'alert.test_fired', severity: 'critical' });
    const types = (await encargada.get('operational-alerts/types')).body.items as {
      type: string;
      runbook: string;
    }[];
    expect(types.map(({ type }) => type)).toEqual([
      ...['alert.test_fired', 'audit.chain_broken', 'backup.missing'],
      ...['cash_session.high_difference', 'cash_session.stale_open', 'certificate.expiring'],
      ...['csp_group.widely_seen', 'csp_policy.rolled_back', 'csp_reports.spiked'],
      ...['database.unavailable', 'delivery.exhausted', 'disk.low', 'heartbeat.missed'],
      ...['http.server_error', 'ledger.drift', 'replication.degraded', 'rotation.stuck'],
      ...['secret.expiring', 'vault.unavailable', 'warehouse.late'],
    ]);
  });

  it('ends although the good news was delivered before the bad', async () => {
    const vendedora = await house.as('vendedora');
    const { registerIds } = await shop(vendedora);
    const sessionId = await openSession(vendedora, registerIds[2] ?? '', 0);
    await house.rows(
      'owner',
      `UPDATE payments_cash_session SET business_date = business_date - 1 WHERE id = $1`,
      { values: [sessionId] },
    );
    await worker.stop();
    const schedules = house.app.get(kernel.Schedules);
    await schedules.runOnce('payments.find-stale-sessions', new Date('2026-01-04T09:30:00Z'));
    // The relay is to see the later event first.
    const held = await house.rows(
      'owner',
      `DELETE FROM kernel_event_pending WHERE action = 'cash_session.stale_open' RETURNING *`,
    );
    await vendedora.post(`payments/cash-sessions/${sessionId}/close`, { countedAmount: 0 });
    house = await House.over(house.database, house.urls);
    admin = await house.as('admin');
    worker = await alerts.startWorker(house);
    const pending = (): Promise<unknown[]> =>
      house.rows('owner', 'SELECT 1 FROM kernel_event_pending');
    await alerts.eventually(async () => (await pending()).length === 0);
    await house.rows(
      'owner',
      `INSERT INTO kernel_event_pending SELECT * FROM jsonb_populate_record(
         NULL::kernel_event_pending, $1)`,
      { values: [JSON.stringify(held[0])] },
    );
    const alert = await arrived('cash_session.stale_open', sessionId);
    expect(alert).toMatchObject({ state: 'resolved', occurrences: 1 });
  });
});
