import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  alerts,
  DEMO_PASSWORD,
  downloads,
  House,
  kernel,
  openSession,
  runCli,
  shop,
  takeOrder,
  verb,
  warehouse,
} from '#test';
import type { Client, Shop } from '#test';

/** What was sold, as the warehouse tells it: the books' own figures, and as they were known then. */
describe('the data warehouse', () => {
  let house: House;
  let admin: Client;
  let vendedora: Client;
  let centro: Shop;
  const today = kernel.businessDay(new Date());
  const period = today.slice(0, 4) + today.slice(5, 7);
  const days = `from=${today}&to=${today}`;

  beforeAll(async () => {
    house = await House.open();
    [admin, vendedora] = await Promise.all([house.as('admin'), house.as('vendedora')]);
    await admin.put('base/settings/DELIVER_WITH_BALANCE', { value: true }, 0);
    centro = await shop(vendedora);
    await warehouse.loadAll(house);
  });

  const cli = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(['warehouse', ...args], {
      DATABASE_URL: house.urls.application,
      DATABASE_OWNER_URL: house.urls.owner,
    });

  const report = async (path: string): Promise<Record<string, unknown>[]> => {
    await warehouse.loadAll(house);
    const answer = await admin.get(`warehouse/reports/${path}`);
    expect([answer.status, answer.text]).toEqual([200, answer.text]);
    return answer.body['items'] as Record<string, unknown>[];
  };

  const pay = async (orderId: string, amount: number, method = 'debit'): Promise<string> => {
    const paid = await vendedora.pay('payments/payments', { orderId, method, amount });
    expect([paid.status, paid.text]).toEqual([201, paid.text]);
    return String(paid.body['id']);
  };

  it('tells a day as it is, and as it was known at any moment of it', async () => {
    await openSession(vendedora, centro.registerIds[0] ?? '');
    const first = await takeOrder(vendedora, centro, 2);
    const charge = await pay(first.id, 1_000);
    const second = await takeOrder(vendedora, centro, 1);
    const [before] = await report(`sales-by-day?${days}`);
    const sum = first.total + second.total;
    expect(before).toMatchObject({ date: today, branchId: centro.branchId, orders: 2, sold: sum });
    expect(before).toMatchObject({ payments: 1, paid: 1_000, cancelledOrders: 0 });
    const asOf = new Date().toISOString();

    const voided = await vendedora.pay(`payments/payments/${charge}/void`, { reason: 'error' });
    expect([voided.status, voided.text]).toEqual([200, voided.text]);
    const cancelled = await vendedora.post(`sales/orders/${second.id}/cancel`, {
      reason: 'se arrepintió',
    });
    expect(cancelled.status).toBe(200);
    const [after] = await report(`sales-by-day?${days}`);
    expect(after).toMatchObject({ orders: 1, sold: first.total, payments: 1, paid: 0 });
    expect(after).toMatchObject({ cancelledOrders: 1, cancelledAmount: second.total });
    expect(await report(`sales-by-day?${days}&asOf=${asOf}`)).toEqual([before]);
    expect(await warehouse.verify(house)).toEqual([]);
  });

  it('loads by command, again without any effect, and compares itself with the books', async () => {
    await warehouse.loadAll(house);
    const again = await cli('load', '--json');
    expect([again.code, JSON.parse(again.output.slice(again.output.indexOf('{')))]).toMatchObject([
      0,
      { rows: 0 },
    ]);
    const verified = await verb(house, 'warehouse', 'verify');
    expect([verified.code, verified.output]).toEqual([0, verified.output]);
    expect(JSON.parse(verified.output)).toMatchObject({
      companies: 1,
      differences: 0,
    });
  });

  it('sets VAT of deliveries beside what the month’s return says, each with its source', async () => {
    const order = await takeOrder(vendedora, centro, 3);
    expect((await vendedora.post(`sales/orders/${order.id}/deliver`)).status).toBe(200);
    const months = `vat-by-month?from=${period}&to=${period}`;
    const net = Math.round(order.total / 1.19);
    const own = { period, orders: 1, gross: order.total, net, vat: order.total - net };
    expect(await report(months)).toEqual([expect.objectContaining({ ...own, isDeclared: false })]);

    const { body } = await admin.post('sii-connector/f29', { period });
    const computed = await admin.post(`sii-connector/f29/${String(body['id'])}/compute`);
    expect([computed.status, computed.text]).toEqual([200, computed.text]);
    const later = await takeOrder(vendedora, centro, 1);
    await vendedora.post(`sales/orders/${later.id}/deliver`);
    const [month] = await report(months);
    expect(month).toMatchObject({ orders: 2, isDeclared: true, state: 'computed', revision: 1 });
    expect(month).toMatchObject({ receipts: 1, receiptsVat: own.vat, receiptsOrigin: 'computed' });
    expect(month).toMatchObject({ debit: own.vat, returnId: body['id'] });
    expect(await warehouse.verify(house)).toEqual([]);
  });

  it('calls a service as it was called then, and runs no formula in a spreadsheet', async () => {
    const asOf = new Date().toISOString();
    const of = `sales/services/${centro.services['CAMISA']}`;
    const { body } = await admin.get(of);
    await admin.patch(of, { name: '=1+1' }, Number(body['version']));
    const [then] = await report(`sales-by-service?${days}&asOf=${asOf}`);
    expect(then).toMatchObject({ code: 'CAMISA', name: body['name'], serviceId: body['id'] });
    const [now] = await report(`sales-by-service?${days}`);
    expect(now).toEqual({ ...then, name: '=1+1' });
    const csv = await admin.get(`warehouse/reports/sales-by-service.csv?${days}`);
    expect([csv.status, csv.text]).toEqual([200, expect.stringContaining("CAMISA,'=1+1,")]);
    expect(csv.text.split('\r\n')[0]).toBe(
      'date,serviceId,code,name,orders,quantity,sold,cancelledAmount',
    );
  });

  it('sums by cashier what a cut sums, to a session’s peso, and pages by what is sorted', async () => {
    const encargada = await house.as('encargada');
    await openSession(encargada, centro.registerIds[1] ?? '');
    const order = await takeOrder(encargada, centro, 1);
    await encargada.pay('payments/payments', { orderId: order.id, method: 'debit', amount: 700 });
    const rows = await report(`sales-by-cashier?${days}`);
    expect(rows).toHaveLength(2);
    expect(rows.map(({ paid }) => paid).sort()).toEqual([0, 700]);
    expect(rows.find(({ paid }) => paid === 0)).toMatchObject({ charged: 1_000, voided: -1_000 });
    const first = await admin.get(`warehouse/reports/sales-by-cashier?${days}&limit=1`);
    const { asOf, next, items } = first.body as { asOf: string; next: string; items: object[] };
    const rest = await admin.get(
      `warehouse/reports/sales-by-cashier?${days}&limit=1&asOf=${asOf}&after=${next}`,
    );
    expect([...items, ...(rest.body['items'] as object[])]).toEqual(rows);
    expect(rest.body['next']).toBeNull();
    for (const client of [encargada, vendedora]) {
      const [session] = (await client.get('payments/cash-sessions?state=open')).body[
        'items'
      ] as Record<string, unknown>[];
      const approval = { login: 'admin', password: DEMO_PASSWORD };
      const close = { countedAmount: 20_000, approval };
      const closed = await client.post(
        `payments/cash-sessions/${String(session?.['id'])}/close`,
        close,
      );
      expect([closed.status, closed.text]).toEqual([200, closed.text]);
    }
    const cut = await admin.post('payments/daily-cuts', { branchId: centro.branchId, date: today });
    expect([cut.status, cut.text]).toEqual([201, cut.text]);
    const [day] = await report(`sales-by-day?${days}`);
    expect(day).toMatchObject({ paid: cut.body['total'], payments: cut.body['payments'] });
    expect(await warehouse.verify(house)).toEqual([]);
  });

  it.each([
    ['a range that ends before it begins', 'sales-by-day?from=2026-02-01&to=2026-01-01', 422],
    ['months of a century', 'vat-by-month?from=200001&to=209901', 422],
    ['no moment', 'sales-by-day?from=2026-01-01&to=2026-01-02&asOf=ayer', 400],
    ['a cursor of another report', 'vat-by-month?from=202601&to=202602&after=WyIyMDI2Il0', 400],
    ['a month that is none', 'vat-by-month?from=202613&to=202614', 400],
  ])('refuses %s', async (_, path, status) => {
    const answer = await admin.get(`warehouse/reports/${path}`);
    expect([path, answer.status]).toEqual([path, status]);
  });

  it('tells when it is late, and when it no longer is', async () => {
    const told = async (): Promise<string[]> => {
      const rows = await house.rows<{ action: string }>(
        'superuser',
        `SELECT action FROM kernel_event WHERE action LIKE 'warehouse_load.%' ORDER BY created_at, id`,
      );
      return rows.map(({ action }) => action);
    };
    await warehouse.loadAll(house);
    await warehouse.watch(house);
    expect(await told()).toEqual([]);
    await house.rows(
      'owner',
      `INSERT INTO kernel_event SELECT gen_random_uuid(), company_id, now() - interval '2 hours', 'order.printed', 1,
         NULL, 'test', '{}', NULL, '', 'sales.order', subject_id, subject_label, '{}', NULL, '{}'
       FROM kernel_event WHERE action = 'order.created' LIMIT 1`,
    );
    await alerts.eventually(async () => (await warehouse.lag(house)) > 7_000, 'a lag');
    await warehouse.watch(house);
    expect(await told()).toEqual(['warehouse_load.late']);
    await warehouse.loadAll(house);
    await warehouse.watch(house);
    await warehouse.watch(house);
    expect(await told()).toEqual(['warehouse_load.late', 'warehouse_load.caught_up']);
  });

  describe('its copy as Parquet', () => {
    const ROWS = 45_000;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'ofitec-copy-'));
      await house.rows(
        'superuser',
        `INSERT INTO warehouse_hub_order SELECT company_id, generation, gen_random_uuid(), event_id, source, recorded_at, loaded_at
         FROM (SELECT * FROM warehouse_hub_order LIMIT 1) h, generate_series(1, ${ROWS})`,
      );
    });

    const copyTo = (name: string): ReturnType<typeof verb> =>
      verb(house, 'warehouse', 'export', '--to', join(folder, name));

    it('is written some rows at a time, however many there are', async () => {
      const written = jest.spyOn(warehouse.TableFile.prototype, 'write');
      const { code, output } = await copyTo('whole');
      const sizes = written.mock.calls.map(([rows]) => rows.length);
      written.mockRestore();
      expect([code, output]).toEqual([0, output]);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(5_000);
      const manifest = JSON.parse(readFileSync(join(folder, 'whole/manifest.json'), 'utf8')) as {
        companies: { rows: Record<string, number> }[];
      };
      expect(manifest.companies[0]?.rows['hub_order']).toBeGreaterThan(ROWS);
      expect(await downloads.heldConnections(house)).toBe(0);
    });

    it('is not there at all when the database fails in the middle', async () => {
      await house.rows('owner', 'REVOKE SELECT ON warehouse_sat_payment FROM ofitec_app');
      try {
        const { code, output } = await copyTo('broken');
        expect([code, output]).toEqual([1, expect.stringContaining('permission denied')]);
      } finally {
        await house.rows('owner', 'GRANT SELECT ON warehouse_sat_payment TO ofitec_app');
      }
      expect(existsSync(join(folder, 'broken'))).toBe(false);
      expect(readdirSync(folder).filter((name) => name.includes('broken'))).toEqual([]);
      expect(await downloads.heldConnections(house)).toBe(0);
    });
  });
});
