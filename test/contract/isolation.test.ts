import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  bootstrap,
  foundSecondCompany,
  House,
  kernel,
  openSession,
  operationsOf,
  sampleOf,
  shop,
  takeOrder,
} from '#test';
import type { Client } from '#test';

const DOORS = [
  'auth_find_login',
  'auth_find_session',
  'kernel_ensure_event_partitions',
  'kernel_take_pending',
];

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
    await cashier.post(`payments/cash-sessions/${cashSessionId}/close`, { countedAmount: 0 });
    const date = kernel.businessDay(new Date());
    const cut = await cashier.post('payments/daily-cuts', { branchId: centro.branchId, date });
    const one = async (path: string): Promise<string> =>
      String((await admin.get(path)).body.items[0].id);
    first = String((await admin.get('base/company')).body.id);
    ids = {
      companyId: first,
      branchId: centro.branchId,
      registerId: centro.registerIds[0] ?? '',
      serviceId: centro.services['CAMISA'] ?? '',
      customerId: await one('sales/customers'),
      userId: await one('base/users'),
      orderId: order.id,
      cashSessionId,
      paymentId: String(paid.body.id),
      dailyCutId: String(cut.body.id),
      eventId: await one('audit/events'),
    };
    second = await foundSecondCompany(house);
    stranger = await house.as('admin.dos');
  });

  it('has a policy on every table with companies that a role can touch, and no view around it', async () => {
    const tables = await house.rows<{
      name: string;
      kind: string;
      closed: boolean;
      invoker: boolean;
    }>(
      'owner',
      `SELECT c.relname AS name, c.relkind AS kind,
         c.relrowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS closed,
         coalesce('security_invoker=true' = ANY(c.reloptions), false) AS invoker
       FROM pg_class c
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
         AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'company_id')
         AND (has_any_column_privilege('ofitec_app', c.oid, 'SELECT, INSERT, UPDATE')
           OR has_table_privilege('ofitec_app', c.oid, 'DELETE, TRUNCATE')
           OR has_any_column_privilege('ofitec_readonly', c.oid, 'SELECT, INSERT, UPDATE'))`,
    );
    expect(tables.length).toBeGreaterThan(15);
    const open = tables.filter(({ kind, closed, invoker }) => (kind === 'v' ? !invoker : !closed));
    expect(open.map(({ name }) => name)).toEqual([]);
  });

  it('carries company_id in every foreign key between tables of companies', async () => {
    const keys = await house.rows<{ name: string }>(
      'owner',
      `SELECT k.conrelid::regclass || ' ' || k.conname AS name FROM pg_constraint k
       WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
         AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attname = 'company_id')
         AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid
           AND a.attname = 'company_id' AND a.attnum = ANY(k.conkey))`,
    );
    expect(keys).toEqual([]);
    await expect(
      house.rows(
        'owner',
        `INSERT INTO base_register (id, company_id, created_at, updated_at, version, branch_id, code, name, active)
         VALUES ($1, $2, now(), now(), 1, $3, 'X', 'X', true)`,
        { values: [kernel.newId(), second.companyId, ids['branchId']] },
      ),
    ).rejects.toThrow('foreign key');
  });

  it('opens just the known doors to what runs before there is a company', async () => {
    const doors = await house.rows<{ name: string; path: string[] | null; all: boolean }>(
      'owner',
      `SELECT proname AS name, proconfig AS path, has_function_privilege('public', oid, 'EXECUTE') AS all
       FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1`,
    );
    expect(doors.map(({ name }) => name)).toEqual(DOORS);
    expect(doors.filter(({ all }) => all)).toEqual([]);
    expect(
      doors.filter(({ path }) => !path?.some((each) => each.startsWith('search_path='))),
    ).toEqual([]);
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
      const filters = parameters.filter(({ in: place, name }) => place === 'query' && ids[name]);
      const url = path.replace('{name}', 'DELIVER_WITH_BALANCE');
      for (const query of ['', ...filters.map(({ name }) => `?${name}=${ids[name]}`)]) {
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
      'sales_service',
    ];
    const entries = [...tables, ...money].map(async (table) => {
      const sql = `SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS sum FROM ${table} t WHERE company_id = $1`;
      const [row] = await house.rows<{ sum: string }>('owner', sql, { values: [companyId] });
      return [table, row?.sum ?? ''] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }
});
