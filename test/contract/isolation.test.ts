import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  bootstrap,
  companyTables,
  csp,
  foundSecondCompany,
  House,
  isolationFaults,
  kernel,
  openSession,
  operationsOf,
  sampleOf,
  shop,
  takeOrder,
} from '#test';
import type { Client } from '#test';

/** Two companies in one database: neither reads, changes or even notices the other. */
describe('isolation of companies', () => {
  let house: House;
  let first: string;
  let second: Awaited<ReturnType<typeof foundSecondCompany>>;
  let stranger: Client;
  /** Ids of the first company's records, by the name of the field that refers to them. */
  let ids: Record<string, string>;

  beforeAll(async () => {
    house = await House.open();
    const admin = await house.as('admin');
    const cashier = await house.as('encargada');
    const centro = await shop(cashier);
    const cashSessionId = await openSession(cashier, centro.registerIds[0] ?? '');
    const order = await takeOrder(cashier, centro);
    const paid = await cashier.pay('payments/payments', {
      orderId: order.id,
      method: 'cash',
      amount: 1_000,
    });
    const customers = await admin.get('sales/customers');
    const customerId = String(customers.body.items[0].id);
    const ahead = await cashier.pay(`payments/customers/${customerId}/prepay`, {
      ...{ cashSessionId, method: 'cash', amount: 1_000 },
    });
    await cashier.post(`payments/cash-sessions/${cashSessionId}/close`, { countedAmount: 0 });
    const date = kernel.businessDay(new Date());
    const cut = await cashier.post('payments/daily-cuts', { branchId: centro.branchId, date });
    const bot = await admin.post('base/users', {
      ...{ login: 'robot', name: 'Robot', roles: ['encargada'], bot: true },
    });
    const key = { userId: String(bot.body.id), name: 'Web', scopes: ['sales.order.read'] };
    const apiKey = await admin.post('auth/api-keys', key);
    const terminal = await admin.post('auth/terminals', { name: 'Mesón' });
    const one = async (path: string): Promise<string> =>
      String((await admin.get(path)).body.items[0].id);
    const app = await admin.post('security-csp/apps', { slug: 'first', hosts: ['*'] });
    await csp.report(house.url, csp.legacyReport(), { path: '/csp/report/first' });
    const leaving = await admin.post('sales/customers', { name: 'Clienta que se va' });
    const erasure = await admin.post('sales/erasures', {
      ...{ customerId: String(leaving.body.id), requestNumber: 'S-1', reason: 'lo pide' },
    });
    const [group] = await csp.groupsListed(admin, 1, 'app=first');
    const written = { app: 'first', policy: "default-src 'self'" };
    const policy = await admin.post('security-csp/policies', written);
    first = String((await admin.get('base/company')).body.id);
    ids = {
      companyId: first,
      branchId: centro.branchId,
      registerId: centro.registerIds[0] ?? '',
      serviceId: centro.services['CAMISA'] ?? '',
      customerId,
      userId: await one('base/users'),
      orderId: order.id,
      cashSessionId,
      paymentId: String(paid.body.id),
      prepaidEntryId: String(ahead.body.id),
      dailyCutId: String(cut.body.id),
      eventId: await one('audit/events'),
      sessionId: await one('auth/sessions'),
      apiKeyId: String(apiKey.body.id),
      terminalId: String(terminal.body.id),
      appId: String(app.body.id),
      erasureId: String(erasure.body.id),
      groupId: group?.id ?? '',
      policyId: String(policy.body.id),
    };
    second = await foundSecondCompany(house);
    stranger = await house.as('admin.dos');
  });

  it('has a policy on every table with companies that a role can touch, and no view around it', async () => {
    expect((await companyTables(house)).length).toBeGreaterThan(15);
    expect(await isolationFaults(house)).toEqual([]);
  });

  it('would see a table without a policy, a view around one, a short foreign key, a new door', async () => {
    const broken = await House.open();
    await broken.rows(
      'owner',
      `
      CREATE TABLE sales_open (id uuid PRIMARY KEY, company_id uuid NOT NULL, branch_id uuid);
      GRANT SELECT ON sales_open TO ofitec_app;
      CREATE TABLE sales_unpoliced (id uuid, company_id uuid);
      ALTER TABLE sales_unpoliced ENABLE ROW LEVEL SECURITY;
      GRANT SELECT ON sales_unpoliced TO ofitec_readonly;
      CREATE TABLE sales_hidden (id uuid, company_id uuid);
      CREATE VIEW sales_around AS SELECT * FROM sales_order;
      GRANT SELECT ON sales_around TO ofitec_app;
      ALTER TABLE sales_open ADD CONSTRAINT short_key FOREIGN KEY (branch_id) REFERENCES base_branch (id);
      CREATE FUNCTION sales_door() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`,
    );
    expect(await isolationFaults(broken)).toEqual([
      'door sales_door is open to everybody',
      'door sales_door is unknown',
      'door sales_door trusts the search_path',
      'foreign key sales_open short_key lacks company_id',
      'table sales_open has no policy',
      'table sales_unpoliced has no policy',
      'view sales_around shows what its owner sees',
    ]);
    await broken.close();
  });

  it('lets no foreign key accept another company’s row', async () => {
    await expect(
      house.rows(
        'owner',
        `INSERT INTO base_register (id, company_id, created_at, updated_at, version, branch_id, code, name, active)
         VALUES ($1, $2, now(), now(), 1, $3, 'X', 'X', true)`,
        { values: [kernel.newId(), second.companyId, ids['branchId']] },
      ),
    ).rejects.toThrow('foreign key');
  });

  it('shows the application nothing without a company, and only its own with one', async () => {
    for (const table of [
      'base_user',
      'sales_order',
      'payments_payment',
      'kernel_event',
      'audit_log',
    ]) {
      const count = async (companyId?: string): Promise<number> => {
        const sql = `SELECT company_id AS id FROM ${table}`;
        const rows = await house.rows<{ id: string }>(
          'application',
          sql,
          companyId ? { companyId } : {},
        );
        expect(rows.filter(({ id }) => id !== companyId)).toEqual([]);
        return rows.length;
      };
      expect([table, await count()]).toEqual([table, 0]);
      expect([table, await count(first)]).not.toEqual([table, 0]);
      const readonly = await house.rows('readonly', `SELECT 1 FROM ${table}`);
      expect([table, readonly]).toEqual([table, []]);
    }
  });

  it('refuses the application a row of another company, written or moved', async () => {
    const companyId = second.companyId;
    await expect(
      house.rows(
        'application',
        `INSERT INTO base_branch (id, company_id, created_at, updated_at, version, code, name, active)
         VALUES ($1, $2, now(), now(), 1, 'X', 'X', true)`,
        { companyId, values: [kernel.newId(), first] },
      ),
    ).rejects.toThrow('row-level security');
    await expect(
      house.rows('application', 'UPDATE base_branch SET company_id = $1', {
        companyId,
        values: [first],
      }),
    ).rejects.toThrow('row-level security');
  });

  it('refuses to start as a role that row-level security does not bind', async () => {
    const blueprint = await bootstrap.readBlueprint({ NODE_ENV: 'test', LOG_LEVEL: 'error' });
    for (const role of ['owner', 'superuser'] as const) {
      const urls = { application: house.urls[role], owner: house.urls.owner };
      await expect(bootstrap.createHttpApplication(blueprint, urls)).rejects.toThrow(
        /DATABASE_URL must name the application role/,
      );
    }
  });

  it('answers another company’s ids on every route as if they did not exist', async () => {
    const document = house.openApi();
    const before = await fingerprint(first);
    let calls = 0;
    for (const { method, path, body } of operationsOf(document)) {
      if (path.includes('history') || !(path.includes('{id}') || method === 'POST')) continue;
      if (/auth\/(login|logout)/.test(path)) continue;
      const sample = body ? (sampleOf(document, body, ids) as Record<string, unknown>) : undefined;
      const namesAnother = JSON.stringify(sample ?? {}).match(
        new RegExp(Object.values(ids).join('|')),
      );
      const targets = path.includes('{id}') ? Object.values(ids) : namesAnother ? [''] : [];
      for (const id of targets) {
        const url = path.replace('{id}', id);
        const headers = { 'if-match': '"1"', 'idempotency-key': kernel.newId() };
        const answer = await stranger.raw(method.toLowerCase() as 'get', url, sample, headers);
        const allowed = path.includes('{id}') ? [404] : [404, 409, 422];
        expect([method, url, allowed.includes(answer.status), answer.status]).toEqual([
          ...[method, url, true],
          answer.status,
        ]);
        calls += 1;
      }
    }
    expect(calls).toBeGreaterThan(150);
    expect(await fingerprint(first)).toEqual(before);
  });

  it('lists nothing of another company, whatever filter names it', async () => {
    const document = house.openApi();
    const known = Object.values(ids);
    let lists = 0;
    for (const { method, path, parameters } of operationsOf(document)) {
      if (method !== 'GET' || path.includes('{id}') || !path.startsWith('/api/')) continue;
      // No list: a user of another company does not exist (test/journeys/explain.test.ts).
      if (path.endsWith('/auth/explain')) continue;
      const filters = parameters.filter(({ in: place, name }) => place === 'query' && ids[name]);
      const url = path.replace('{name}', 'DELIVER_WITH_BALANCE');
      const needed = parameters
        .filter(({ in: place, required }) => place === 'query' && required)
        .map(
          ({ name, schema }) => `${name}=${String(sampleOf(document, schema ?? {}, ids, name))}`,
        );
      const wishes = ['', ...filters.map(({ name }) => `${name}=${ids[name]}`)];
      for (const wish of wishes) {
        const query = `?${[...needed, wish].join('&')}`;
        const answer = await stranger.raw('get', `${url}${query}`);
        expect([url + query, answer.status]).toEqual([url + query, 200]);
        expect(known.filter((id) => answer.text.includes(id))).toEqual([]);
        lists += 1;
      }
    }
    expect(lists).toBeGreaterThan(15);
    const history = await stranger.get(`audit/history/sales.order/${ids['orderId']}`);
    expect(history.body.items).toEqual([]);
  });

  async function fingerprint(companyId: string): Promise<Record<string, string>> {
    const tables = ['base_branch', 'base_register', 'base_user', 'sales_customer', 'sales_order'];
    const money = [
      'payments_cash_session',
      'payments_payment',
      'payments_daily_cut',
      'payments_prepaid_account',
      'payments_prepaid_entry',
      'sales_service',
    ];
    const reported = ['security_csp_app', 'security_csp_group', 'security_csp_group_day'];
    const identities = ['auth_credential', 'auth_totp', 'auth_api_key', 'auth_terminal'];
    const entries = [...tables, ...money, ...identities, ...reported].map(async (table) => {
      const sql = `SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS sum FROM ${table} t WHERE company_id = $1`;
      const [row] = await house.rows<{ sum: string }>('owner', sql, { values: [companyId] });
      return [table, row?.sum ?? ''] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }
});
