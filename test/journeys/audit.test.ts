import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { downloads, House, kernel, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

interface EventBody {
  readonly id: string;
  readonly action: string;
  readonly transactionId: string;
  readonly createdAt: string;
}

/** Who did what to what, when, from where; written with the change and never again. */
describe('audit', () => {
  let house: House;
  let encargada: Client;
  let vendedora: Client;
  let centro: Shop;

  beforeAll(async () => {
    house = await House.open();
    encargada = await house.as('encargada');
    vendedora = await house.as('vendedora');
    centro = await shop(vendedora);
  });

  it('keeps a price change before and after, and orders taken before keep their price', async () => {
    const id = centro.services['CAMISA'] ?? '';
    const order = await takeOrder(vendedora, centro, 2);
    const read = await encargada.get(`sales/services/${id}`);
    expect(read.headers['etag']).toBe('"1"');
    const changed = await encargada.patch(`sales/services/${id}`, { price: 2_690 }, 1);
    expect(changed.status).toBe(200);
    expect(changed.headers['etag']).toBe('"2"');

    const found = await encargada.get('audit/events?action=service.price_changed');
    expect(found.body.items).toHaveLength(1);
    expect(found.body.items[0]).toMatchObject({
      actorLogin: 'encargada',
      subjectType: 'sales.service',
      subjectId: id,
      subjectLabel: 'CAMISA',
      changes: { price: { before: 2_490, after: 2_690 } },
      payload: { serviceId: id, before: 2_490, after: 2_690 },
      schemaVersion: 2,
    });
    expect((await vendedora.get(`sales/orders/${order.id}`)).body.total).toBe(4_980);
    expect((await takeOrder(vendedora, centro, 2)).total).toBe(5_380);
  });

  it('refuses an edit without, with an old and with a nonsense version', async () => {
    const path = `sales/services/${centro.services['TERNO']}`;
    const missing = await encargada.patch(path, { price: 1 });
    expect([missing.status, missing.body.code]).toEqual([428, 'kernel.if-match-required']);
    expect((await encargada.patch(path, { price: 9_000 }, 1)).status).toBe(200);
    const stale = await encargada.patch(path, { price: 1 }, 1);
    expect([stale.status, stale.body.code, stale.body.version]).toEqual([412, 'kernel.stale', 2]);
    const nonsense = await encargada.raw(
      'patch',
      `/api/v1/${path}`,
      { price: 1 },
      { 'if-match': 'x' },
    );
    expect(nonsense.status).toBe(400);
    expect((await encargada.get(path)).body.price).toBe(9_000);
  });

  it('says nothing of an edit that changes nothing', async () => {
    const admin = await house.as('admin');
    const { id, version, name } = (await admin.get('base/branches?code=NORTE')).body.items[0];
    for (const body of [{}, { name }]) {
      const same = await admin.patch(`base/branches/${id}`, body, version);
      expect([same.status, same.body.version]).toEqual([200, version]);
    }
    expect((await admin.get(`audit/history/base.branch/${id}`)).body.items).toHaveLength(1);
  });

  it('lets one of ten simultaneous edits of one version through', async () => {
    const path = `sales/services/${centro.services['ABRIGO']}`;
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => encargada.patch(path, { price: 10_000 + index }, 1)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array<number>(9).fill(412),
    ]);
  });

  it('cancels an order with a reason, and not while money is applied to it', async () => {
    await openSession(vendedora, centro.registerIds[0] ?? '');
    const paid = await takeOrder(vendedora, centro, 1);
    await vendedora.pay('payments/payments', { orderId: paid.id, method: 'credit', amount: 1_000 });
    const refused = await vendedora.post(`sales/orders/${paid.id}/cancel`, {
      reason: 'se arrepintió',
    });
    expect([refused.status, refused.body.code]).toEqual([409, 'sales.order-has-money']);

    const { id } = await takeOrder(vendedora, centro, 1);
    expect((await vendedora.post(`sales/orders/${id}/cancel`, {})).status).toBe(400);
    const done = await vendedora.post(`sales/orders/${id}/cancel`, { reason: 'se arrepintió' });
    expect(done.body).toMatchObject({
      state: 'cancelled',
      balance: 0,
      cancelReason: 'se arrepintió',
    });
    const late = await vendedora.pay('payments/payments', {
      orderId: id,
      method: 'cash',
      amount: 1,
    });
    expect([late.status, late.body.code]).toEqual([409, 'sales.order-not-in-state']);
    for (const verb of ['start', 'ready', 'deliver', 'cancel']) {
      const again = await vendedora.post(`sales/orders/${id}/${verb}`, { reason: 'otra vez' });
      expect([verb, again.status]).toEqual([verb, 409]);
    }
    const events = await encargada.get('audit/events?action=order.cancelled');
    expect(events.body.items).toHaveLength(1);
    expect(events.body.items[0]).toMatchObject({ subjectId: id, reason: 'se arrepintió' });
  });

  it('tells the history of one record, newest first, in pages', async () => {
    const { id } = await takeOrder(vendedora, centro, 1);
    await vendedora.post(`sales/orders/${id}/start`);
    await vendedora.post(`sales/orders/${id}/ready`);
    const seen: string[] = [];
    for (let after = ''; ;) {
      const page = await encargada.get(`audit/history/sales.order/${id}?limit=1${after}`);
      seen.push(...(page.body.items as EventBody[]).map(({ action }) => action));
      if (page.body.next === null) break;
      after = `&after=${page.body.next as string}`;
    }
    expect(seen).toEqual(['order.made_ready', 'order.started', 'order.created']);
  });

  it('pages through everything without losing or doubling a row, both ways', async () => {
    const all = (await encargada.get('audit/events?limit=200')).body.items as EventBody[];
    expect(all.length).toBeGreaterThan(30);
    for (const sort of ['createdAt', '-createdAt']) {
      const seen: string[] = [];
      for (let after = ''; ;) {
        const page = await encargada.get(`audit/events?limit=7&sort=${sort}${after}`);
        seen.push(...(page.body.items as EventBody[]).map(({ id }) => id));
        if (page.body.next === null) break;
        after = `&after=${page.body.next as string}`;
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect([...seen].sort()).toEqual(all.map(({ id }) => id).sort());
    }
    const from = all[5]?.createdAt ?? '';
    const later = await encargada.get(`audit/events?limit=200&createdAt.gte=${from}`);
    expect((later.body.items as EventBody[]).every(({ createdAt }) => createdAt >= from)).toBe(
      true,
    );
  });

  it('names changed personal data without its values', async () => {
    const made = await vendedora.post('sales/customers', {
      name: 'Persona Inventada',
      rut: '33.333.333-3',
      phone: '+56 9 1111 2222',
    });
    expect(made.body.rut).toBe('33333333-3');
    await vendedora.patch(
      `sales/customers/${made.body.id}`,
      { phone: '+56 9 3333 4444', notes: 'alergia' },
      1,
    );
    const { text, body } = await encargada.get(`audit/history/sales.customer/${made.body.id}`);
    expect(body.items[0].changes).toEqual({ phone: { masked: true }, notes: { masked: true } });
    expect(text).not.toMatch(/Inventada|33333333|1111|3333 4444|alergia/);
  });

  it('cannot be changed, emptied or forged by the application, nor changed by the owner', async () => {
    const [event] = await house.rows<{ company: string }>(
      'owner',
      'SELECT company_id AS company FROM kernel_event LIMIT 1',
    );
    const companyId = event?.company ?? '';
    const count = 'SELECT count(*)::integer AS n FROM kernel_event';
    const before = await house.rows('owner', count);
    for (const sql of [
      `UPDATE kernel_event SET actor_login = 'otra'`,
      'DELETE FROM kernel_event',
      'TRUNCATE kernel_event',
      'ALTER TABLE kernel_event DISABLE TRIGGER ALL',
      'DROP TABLE kernel_event',
    ]) {
      await expect(house.rows('application', sql, { companyId })).rejects.toThrow(
        /permission denied|must be owner/,
      );
    }
    for (const sql of [
      `UPDATE kernel_event SET actor_login = 'otra'`,
      'DELETE FROM kernel_event',
      'TRUNCATE kernel_event',
    ]) {
      await expect(house.rows('owner', sql)).rejects.toThrow('append-only');
    }
    expect(await house.rows('owner', count)).toEqual(before);
  });

  it('shows the same through the view audit_log, to the reader’s own company only', async () => {
    const company = await encargada.get('base/company');
    const companyId = String(company.body.id);
    const sql = `SELECT created_at, action, target_model, target_pk, actor_id, ip, request_id FROM audit_log
      WHERE action = 'service.price_changed' ORDER BY created_at`;
    const rows = await house.rows('readonly', sql, { companyId });
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ target_model: 'sales.service', ip: '127.0.0.1' });
    expect(await house.rows('readonly', sql)).toEqual([]);
  });

  describe('export', () => {
    let contador: Client;

    beforeAll(async () => {
      contador = await house.as('contador');
      const admin = await house.as('admin');
      // What a spreadsheet would run, in a place that a person fills in freely.
      const { id } = await takeOrder(admin, centro, 1);
      await admin.post(`sales/orders/${id}/cancel`, {
        reason: '=HYPERLINK("http://malo.example")',
      });
      const other = await takeOrder(admin, centro, 1);
      await admin.post(`sales/orders/${other.id}/cancel`, { reason: 'dos renglones\n=1+1' });
      for (let count = 0; count < 210; count += 1) await takeOrder(vendedora, centro, 1);
    });

    it('gives every event as CSV and as JSON lines, and is an event itself', async () => {
      const jsonl = await contador.get('audit/export?format=jsonl');
      expect(jsonl.status).toBe(200);
      expect(jsonl.headers['content-type']).toContain('application/x-ndjson');
      expect(jsonl.headers['content-disposition']).toBe('attachment; filename="audit.jsonl"');
      const text = jsonl.text ?? (jsonl.body as Buffer).toString();
      const events = text
        .trim()
        .split('\n')
        .map((each) => JSON.parse(each) as EventBody);
      const [stored] = await house.rows<{ n: number }>(
        'owner',
        `SELECT count(*)::integer AS n FROM kernel_event WHERE action <> 'audit.exported'`,
      );
      expect(events.length).toBeGreaterThan(250);
      expect(events).toHaveLength(stored?.n ?? 0);
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);

      const csv = await contador.get('audit/export?format=csv&action=order.cancelled');
      const lines = csv.text.trim().split('\r\n');
      expect(lines[0]).toBe(
        'createdAt,action,actorLogin,actorId,ip,subjectType,subjectId,subjectLabel,reason,changes,payload,requestId,id,schemaVersion',
      );
      expect(lines).toHaveLength(4);
      expect(csv.text).toContain(`"'=HYPERLINK(""http://malo.example"")"`);
      expect(csv.text).toContain(`,"dos renglones\n'=1+1",`);
      expect(csv.text).not.toMatch(/(^|,)"?[=+@-][A-Z]/m);

      const told = await encargada.get('audit/events?action=audit.exported');
      expect(told.body.items).toMatchObject([
        {
          actorLogin: 'contador',
          payload: { format: 'csv', filters: { action: 'order.cancelled' } },
        },
        { actorLogin: 'contador', payload: { format: 'jsonl' } },
      ]);
    });

    it('refuses what it does not know before the first byte, and who may not', async () => {
      for (const query of ['', '?format=xml', '?format=csv&color=azul', '?format=csv&limit=5']) {
        const answer = await contador.get(`audit/export${query}`);
        expect([query, answer.status]).toEqual([query, 400]);
      }
      expect((await encargada.get('audit/export?format=csv')).status).toBe(403);
    });

    describe('of more than fits between the server and who reads', () => {
      const EVENTS = 10_000;
      const PAGES = EVENTS / 200;
      const path = 'audit/export?format=jsonl&action=order.printed';
      /** Nobody who waits for the house to close waits for one that a failed test left unread. */
      let begun: { destroy: () => unknown } | null = null;
      let pages: { mock: { calls: unknown[] } };

      beforeAll(async () => {
        await house.rows(
          'superuser',
          `INSERT INTO kernel_event SELECT gen_random_uuid(), company_id, created_at, 'order.printed', 1, NULL, 'test',
             '{}', NULL, 'test', subject_type, subject_id, 'x', '{}', repeat('largo ', 900), '{}'
           FROM (SELECT * FROM kernel_event WHERE action = 'order.created' LIMIT 1) e, generate_series(1, ${EVENTS})`,
        );
      });

      /** A download that begins and is not read; how many pages the server has read for it when it rests. */
      async function begin(): Promise<
        [Awaited<ReturnType<typeof downloads.beginDownload>>, number]
      > {
        pages = jest.spyOn(house.app.get(kernel.Records), 'page');
        const download = await downloads.beginDownload(house, path, contador.token);
        begun = download;
        expect(download.statusCode).toBe(200);
        return [download, await downloads.restingAt(() => pages.mock.calls.length)];
      }

      afterEach(() => {
        begun?.destroy();
        jest.restoreAllMocks();
      });

      it('reads no further than it is read, and holds no connection while it waits', async () => {
        const [download, taken] = await begin();
        // 54 MB in all, of which sockets hold a few; what is not asked for stays in the database.
        expect(taken).toBeLessThan(PAGES / 2);
        expect(await downloads.heldConnections(house)).toBe(0);
        const lines = (await downloads.readOn(download)).trim().split('\n');
        expect(lines).toHaveLength(EVENTS);
        expect(download.complete).toBe(true);
        expect(pages.mock.calls).toHaveLength(PAGES);
      });

      it('ends when its reader goes away', async () => {
        const [download] = await begin();
        download.destroy();
        expect(await downloads.restingAt(() => pages.mock.calls.length)).toBeLessThan(PAGES / 2);
        expect(await downloads.heldConnections(house)).toBe(0);
      });

      it('is visibly broken when the database fails in the middle, and never just short', async () => {
        const [download] = await begin();
        await house.rows('owner', 'REVOKE SELECT ON kernel_event FROM ofitec_app');
        try {
          await expect(downloads.readOn(download)).rejects.toThrow(/aborted/);
          expect(download.complete).toBe(false);
        } finally {
          await house.rows('owner', 'GRANT SELECT ON kernel_event TO ofitec_app');
        }
        expect((await contador.get('audit/events?limit=1')).status).toBe(200);
      });
    });
  });

  it('stores event and data in one transaction', async () => {
    const { id } = await takeOrder(vendedora, centro, 1);
    const [row] = await house.rows<{ order: string; event: string }>(
      'owner',
      `SELECT o.xmin::text AS order, (e.transaction_id::text::bigint % (2^32)::bigint)::text AS event
       FROM sales_order o JOIN kernel_event e ON e.subject_id = o.id WHERE o.id = $1`,
      { values: [id] },
    );
    expect(row?.event).toBe(row?.order);
  });
});
