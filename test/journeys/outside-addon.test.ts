import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  bootstrap,
  DEMO_PASSWORD,
  House,
  kernel,
  loyalty,
  makeDatabase,
  openSession,
  setPassword,
  shop,
  takeOrder,
  until,
} from '#test';
import type { Client, Shop, TestUrls } from '#test';

const env = { OFITEC_ADDONS: resolve('dist/test/support/acme-loyalty/index.js') };

interface LoggedEvent {
  readonly id: string;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly changes: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An integrator's addon: installed, served, and told of payments by the worker. */
describe('an outside addon', () => {
  let house: House;
  let urls: TestUrls;
  let database: string;
  let encargada: Client;
  let centro: Shop;
  let worker: { stop: () => Promise<void> };

  beforeAll(async () => {
    database = `loyalty_${randomBytes(6).toString('hex')}`;
    urls = await makeDatabase(database, 'demo');
    const { available } = await bootstrap.readBlueprint({
      NODE_ENV: 'test',
      LOG_LEVEL: 'error',
      ...env,
    });
    const addon = available.find(({ name }) => name === 'acme-loyalty');
    if (!addon) throw new Error('OFITEC_ADDONS brought no addon');
    const { Installation, kernelAddon } = kernel;
    await Installation.asOwner(
      { ownerUrl: urls.owner, kernel: kernelAddon, report: () => {} },
      (desk) => desk.install([addon]),
    );
    house = await House.over(database, urls, env);
    encargada = await house.as('encargada');
    centro = await shop(encargada);
    await openSession(encargada, centro.registerIds[0] ?? '');
    worker = await startWorker(house);
  });

  afterAll(() => worker.stop());

  async function startWorker(of: House): Promise<{ stop: () => Promise<void> }> {
    const found = of.app.get(kernel.Worker);
    await found.start(urls.application);
    return found;
  }

  async function pay(amount: number): Promise<string> {
    const { id: orderId } = await takeOrder(encargada, centro, 10);
    const paid = await encargada.pay('payments/payments', { orderId, method: 'cash', amount });
    expect(paid.status).toBe(201);
    return orderId;
  }

  async function pointsOf(orderId: string): Promise<number[]> {
    const { body } = await encargada.get(`acme-loyalty/points?orderId=${orderId}`);
    return (body.items as { points: number }[]).map(({ points }) => points);
  }

  const rewarded = (orderId: string): Promise<number> =>
    until('it is rewarded', async () => (await pointsOf(orderId)).length > 0);

  it('is served under its own address, in the document, with its own permission', async () => {
    expect((await encargada.get('acme-loyalty/points')).status).toBe(200);
    const vendedora = await house.as('vendedora');
    expect((await vendedora.get('acme-loyalty/points')).status).toBe(403);
    expect(Object.keys(house.openApi().paths)).toContain('/api/v1/acme-loyalty/points');
  });

  it('may read the log by a role of its own, and sees there no figure that is not for it', async () => {
    const made = await (
      await house.as('admin')
    ).post('base/users', {
      ...{ login: 'revisora', name: 'Revisora', roles: ['revisora'] },
    });
    const [company] = await house.rows<{ id: string }>('owner', 'SELECT id FROM base_company');
    await setPassword(house, company?.id ?? '', String(made.body.id), DEMO_PASSWORD);
    const revisora = await house.as('revisora');
    const norte = await house.as('vendedora.norte');
    const register = (await shop(norte, 'NORTE')).registerIds[0] ?? '';
    const settings = 'base/settings/CASH_DIFF_ALERT_THRESHOLD';
    await (await house.as('admin')).put(settings, { value: 1_000 }, 0);
    for (const countedAmount of [71_717, 10_000]) {
      const sessionId = await openSession(norte, register, 10_000);
      const path = `payments/cash-sessions/${sessionId}`;
      await norte.post(`${path}/close`, { countedAmount });
      const closed = await encargada.post(`${path}/close`, {});
      expect(closed.status).toBe(countedAmount === 10_000 ? 409 : 200);
    }
    const { branchId } = await shop(norte, 'NORTE');
    const day = { branchId, date: kernel.businessDay(new Date()) };
    expect((await encargada.post('payments/daily-cuts', day)).status).toBe(201);
    await house.rows('owner', 'UPDATE payments_cash_session SET expected_amount = 61717');
    await house.app.get(kernel.Schedules).runOnce('payments.check-ledger', new Date());

    const masked = { masked: true };
    const read = async (client: Client, action: string): Promise<LoggedEvent> => {
      const { items } = (await client.get(`audit/events?action=${action}`)).body;
      return items.at(-1) as LoggedEvent;
    };
    for (const [action, fields] of [
      ['cash_session.opened', ['openingDifference']],
      ['cash_session.close_refused', ['difference']],
      ['cash_session.high_difference', ['difference']],
      ['cash_session.closed', ['expectedAmount', 'difference']],
      ['daily_cut.made', ['total']],
      ['ledger.drift', ['stored', 'recomputed']],
    ] as const) {
      const [hidden, open] = [await read(revisora, action), await read(encargada, action)];
      for (const field of fields) {
        expect([action, field, hidden.payload[field]]).toEqual([action, field, masked]);
        expect([action, field, open.payload[field]]).not.toEqual([action, field, masked]);
      }
      const one = await revisora.get(`audit/events/${hidden.id}`);
      expect(one.body).toEqual(hidden);
      const type = `${hidden.subjectType}/${hidden.subjectId}`;
      const history = await revisora.get(`audit/history/${type}?action=${action}`);
      expect(history.body.items).toContainEqual(hidden);
    }
    const closed = await read(revisora, 'cash_session.closed');
    for (const field of ['expectedAmount', 'byMethod', 'prepaid']) {
      expect([field, closed.changes[field]]).toEqual([field, masked]);
    }
    // What was counted is no secret; what should have been there is, in every format.
    expect(closed.payload['countedAmount']).toBe(71_717);
    for (const format of ['csv', 'jsonl']) {
      const { text, body } = await revisora.get(`audit/export?format=${format}`);
      const download = text ?? (body as Buffer).toString();
      expect(download).toContain('71717');
      expect(download).toContain('cash_session.high_difference');
      expect(download).not.toContain('61717');
    }
  });

  it('hears of a payment after its commit, once', async () => {
    const orderId = await pay(12_500);
    await rewarded(orderId);
    expect(await pointsOf(orderId)).toEqual([12]);
  });

  it('hears of nothing that was rolled back', async () => {
    const { id: orderId, total } = await takeOrder(encargada, centro, 1);
    const refused = await encargada.pay('payments/payments', {
      orderId,
      method: 'cash',
      amount: total + 1,
    });
    expect(refused.status).toBe(422);
    const other = await pay(5_000);
    await rewarded(other);
    expect(await pointsOf(orderId)).toEqual([]);
  });

  it('is told again when it fails, and what the failed try wrote is gone', async () => {
    loyalty.refuseDeliveries(2);
    const orderId = await pay(7_000);
    await rewarded(orderId);
    expect(await pointsOf(orderId)).toEqual([7]);
  });

  it('acts once on an event that the queue brings twice', async () => {
    const orderId = await pay(9_000);
    await rewarded(orderId);
    const again = await house.rows(
      'owner',
      `INSERT INTO kernel_event_pending (event_id, company_id, action, created_at)
       SELECT id, company_id, action, created_at FROM kernel_event
       WHERE action = 'payment.created' AND payload->>'orderId' = $1 RETURNING event_id`,
      { values: [orderId] },
    );
    expect(again).toHaveLength(1);
    await house.settled();
    expect(await pointsOf(orderId)).toEqual([9]);
  });

  it('gets 60 payments exactly once each from two workers on one database', async () => {
    const second = await House.over(database, urls, env);
    const rival = await startWorker(second);
    const orders = await Promise.all(Array.from({ length: 60 }, () => pay(1_000)));
    const counted = async (): Promise<number> => {
      const ids = orders.map((id) => `'${id}'`).join(',');
      const sql = `SELECT count(*)::integer AS n, count(DISTINCT order_id)::integer AS d FROM acme_loyalty_point WHERE order_id IN (${ids})`;
      const [row] = await house.rows<{ n: number; d: number }>('owner', sql);
      expect(row?.n).toBe(row?.d);
      return row?.n ?? 0;
    };
    await until('all are rewarded', async () => (await counted()) === orders.length);
    await rival.stop();
    await second.close();
    const left = await house.rows('owner', 'SELECT 1 FROM kernel_event_pending');
    expect(left).toEqual([]);
  });

  it('runs a schedule once per due time and company, whoever claims it', async () => {
    const schedules = house.app.get(kernel.Schedules);
    const due = new Date('2026-01-05T07:00:00Z');
    const ran = await Promise.all(
      Array.from({ length: 10 }, () => schedules.runOnce('acme-loyalty.count', due)),
    );
    expect(ran.filter(Boolean)).toHaveLength(1);
    expect(await schedules.runOnce('acme-loyalty.count', due)).toBe(false);
    expect(await schedules.runOnce('acme-loyalty.count', new Date(due.getTime() + 1))).toBe(true);
    const runs = await house.rows<{ error: string | null; done: boolean; at: string }>(
      'owner',
      `SELECT error, finished_at IS NOT NULL AS done,
         to_char(due_at AT TIME ZONE 'America/Santiago', 'HH24:MI:SS.MS') AS at
       FROM kernel_schedule_run WHERE name = 'acme-loyalty.count' ORDER BY due_at`,
    );
    // Two of this test; the third is the due time of the past day that the start caught up with.
    expect(runs).toHaveLength(3);
    expect(runs.every(({ error, done }) => done && error === null)).toBe(true);
    expect(runs.filter(({ at }) => at === '04:00:00.000')).toHaveLength(2);
    const [row] = await house.rows<{ n: number }>(
      'owner',
      'SELECT count(*)::integer AS n FROM acme_loyalty_point WHERE points = 0 AND order_id = company_id',
    );
    expect(row?.n).toBe(3);
  });

  it('is served without by code from before it, and hears afterwards what happened meanwhile', async () => {
    const recorded = `UPDATE kernel_addon SET absence = jsonb_set(absence, '{since}', to_jsonb($1::text))
      WHERE name = 'acme-loyalty' RETURNING absence->'hears' AS hears`;
    const since = async (version: string): Promise<object[]> =>
      house.rows('owner', recorded, { values: [version] });
    await worker.stop();
    // Queued by the newer release before it was taken back, and not yet delivered.
    const queued = await pay(3_000);
    // As if release 9.0.0 had brought it: this code, without the addon, is an older one.
    expect(await since('9.0.0')).toEqual([
      { hears: [{ event: 'payment.created', handler: 'acme-loyalty/Loyalty.reward' }] },
    ]);
    const before = await House.over(database, urls);
    const client = await before.as('encargada');
    expect((await client.get('acme-loyalty/points')).status).toBe(404);
    const queue = (name: string): Promise<object[]> =>
      before.rows('owner', `SELECT 1 FROM pgboss.job WHERE name = $1 AND state < 'completed'`, {
        values: [name],
      });
    await house.rows(
      'owner',
      `INSERT INTO pgboss.job (name, data, retry_limit, expire_seconds, keep_until, deletion_seconds)
       SELECT 'ofitec-deliveries', jsonb_build_object('eventId', id, 'companyId', company_id, 'createdAt', created_at,
         'handler', 'acme-loyalty/Loyalty.reward'), 0, 60, now() + interval '1 day', 60
       FROM kernel_event WHERE action = 'payment.created' AND payload->>'orderId' = $1`,
      { values: [queued] },
    );
    await before.rows('owner', `DELETE FROM kernel_event_pending`);
    const older = before.app.get(kernel.Worker);
    await older.start(urls.application);
    const meanwhile = await pay(4_000);
    await until('both wait', async () => (await queue('ofitec-waiting')).length === 2);
    await until('none is due', async () => (await queue('ofitec-deliveries')).length === 0);
    await older.stop();
    const failed = `SELECT 1 FROM kernel_event WHERE action = 'delivery.exhausted'`;
    expect(await before.rows('owner', failed)).toEqual([]);

    // What it holds of a person, nobody else can copy or erase.
    const { items } = (await client.get('sales/customers')).body as { items: { id: string }[] };
    const copy = `sales/customers/${items[0]?.id}/export`;
    const admin = await before.as('admin');
    expect((await admin.get(copy)).status).toBe(200);
    await before.close();
    await house.rows(
      'owner',
      `UPDATE kernel_addon SET absence = jsonb_set(absence, '{asks}', '["deliveries", "personal-data"]')
       WHERE name = 'acme-loyalty'`,
    );
    const knowing = await House.over(database, urls);
    const answer = await (await knowing.as('admin')).get(copy);
    expect([answer.status, answer.body.code]).toEqual([503, 'kernel.addon-absent']);
    await knowing.close();

    expect(await pointsOf(meanwhile)).toEqual([]);
    // Of a house of its own: a worker that was stopped does not start again.
    worker = await startWorker(await House.over(database, urls, env));
    await until(
      'both are rewarded',
      async () => (await pointsOf(meanwhile)).length + (await pointsOf(queued)).length === 2,
    );
    expect([await pointsOf(meanwhile), await pointsOf(queued)]).toEqual([[4], [3]]);
    await since(kernel.kernelAddon.version);
  });

  it('brings a role that reads cuts, and where counting is blind not what was expected', async () => {
    const admin = await house.as('admin');
    const visita = await admin.post('base/users', {
      ...{ login: 'visita', name: 'Visita', roles: ['visita'] },
    });
    const { id: companyId } = (await admin.get('base/company')).body as { id: string };
    await setPassword(house, companyId, String(visita.body.id), DEMO_PASSWORD);
    const reader = await house.as('visita');
    const day = { branchId: centro.branchId, date: kernel.businessDay(new Date()) };
    const [session] = (await encargada.get('payments/cash-sessions?state=open')).body.items;
    const approval = { login: 'admin', password: DEMO_PASSWORD };
    const close = { countedAmount: 12_345, approval };
    await encargada.post(`payments/cash-sessions/${String(session.id)}/close`, close);
    const cut = `payments/daily-cuts/${String((await encargada.post('payments/daily-cuts', day)).body.id)}`;
    const seen = async (by: Client): Promise<unknown[]> => [
      (await by.get(cut)).body,
      (await by.get('payments/daily-cuts')).body.items[0],
      (await by.post('payments/daily-cuts/reading', day)).body,
    ];
    const figures = { countedAmount: 12_345, expectedAmount: expect.any(Number) };
    const difference = expect.any(Number);
    const open = { cash: { difference }, bySession: [{ ...figures, difference }] };
    expect(await seen(reader)).toMatchObject([open, open, open]);

    await admin.put('base/settings/BLIND_COUNT', { value: true }, 0);
    const blind = { ...figures, expectedAmount: null, difference: null };
    const hidden = { cash: { difference: null }, bySession: [blind] };
    expect(await seen(reader)).toMatchObject([hidden, hidden, hidden]);
    expect(await seen(encargada)).toMatchObject([open, open, open]);
    const page = (await reader.get(`${cut}.html`)).text;
    expect(page).toContain('$12.345</td><td class="number" data-label="Diferencia">—</td>');
    expect(page).toMatch(/Esperado">—</);
    expect(page).toMatch(/Diferencia de todas las cajas<[^]{0,80}>—</);
    const csv = (await reader.get(`${cut}.csv`)).text;
    expect(csv).toMatch(/^session,.*,20000,,12345,\r$/m);
    expect(csv).toMatch(/^cash,difference,,,,,,,,,,\r$/m);
  });

  it('stops the boot when its code is gone, with the reason', async () => {
    await expect(House.over(database, urls)).rejects.toThrow(
      'addon acme-loyalty is installed, but its code is not here',
    );
  });

  it('names what is wrong with an addon that cannot be loaded', async () => {
    const read = (OFITEC_ADDONS: string): Promise<unknown> =>
      bootstrap.readBlueprint({ NODE_ENV: 'test', OFITEC_ADDONS });
    await expect(read('@acme/absent')).rejects.toThrow('@acme/absent cannot be loaded');
    await expect(read(resolve('dist/src/place.js'))).rejects.toThrow('is not made by defineAddon');
  });
});
