import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Connection } from 'pg';
import {
  alerts,
  dice,
  Duck,
  House,
  kernel,
  openSession,
  run,
  runCli,
  shop,
  takeOrder,
  warehouse,
} from '#test';
import type { Client, Shop } from '#test';

const SEED = Number(process.env['OFITEC_SEED'] ?? Date.now() % 1_000_000);
const STEPS = 60;
/** Orders of each cashier that are begun and paid in part before anything is left to chance. */
const SURE = 4;

/**
 * The vault is a copy of the log: loaded bit by bit while people work, torn off, by several at once, or made
 * anew, it is the same row by row; and another engine answers its reports alike.
 */
describe(`the warehouse as a copy (OFITEC_SEED=${SEED})`, () => {
  let house: House;
  let admin: Client;
  let cashier: Client;
  let cashiers: Client[];
  let centro: Shop;
  let companyId: string;
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-warehouse-'));
  const random = dice(SEED);
  const moments: string[] = [];
  const today = kernel.businessDay(new Date());
  const period = today.slice(0, 4) + today.slice(5, 7);

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
    cashier = await house.as('vendedora');
    cashiers = [cashier, await house.as('encargada')];
    await admin.put('base/settings/DELIVER_WITH_BALANCE', { value: true }, 0);
    centro = await shop(admin);
    const [company] = await house.rows<{ id: string }>('owner', 'SELECT id FROM kernel_company');
    companyId = company?.id ?? '';
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const env = (): Record<string, string> => ({
    DATABASE_URL: house.urls.application,
    DATABASE_OWNER_URL: house.urls.owner,
  });

  const cli = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(['warehouse', ...args], env());

  /** Every row that reports read, but when it was loaded: what must be the same whoever loaded it how. */
  async function vault(): Promise<Record<string, string[]>> {
    const rows: Record<string, string[]> = {};
    for (const table of warehouse.VAULT_TABLES) {
      const found = await house.rows<{ row: string }>(
        'superuser',
        `SELECT (to_jsonb(t) - 'loaded_at' - 'generation')::text AS row FROM warehouse_${table} t
           JOIN warehouse_load l USING (company_id, generation) WHERE l.role = 'current' ORDER BY 1`,
      );
      rows[table] = found.map(({ row }) => row);
    }
    return rows;
  }

  async function live(client: Client, index: number): Promise<void> {
    const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
    const customer = await admin.post('sales/customers', {
      name: `Persona ${index}`,
      email: 'p@example.org',
    });
    await openSession(client, centro.registerIds[index] ?? '');
    const orders: string[] = [];
    const payments: string[] = [];
    const reason = 'al azar';
    const amount = (): number => 1 + Math.floor(random() * 4_000);
    const acts: (() => Promise<unknown>)[] = [
      async () => {
        const of = random() < 0.5 ? String(customer.body['id']) : undefined;
        orders.push(
          (await takeOrder(client, centro, 1 + Math.floor(random() * 3), 'CAMISA', of)).id,
        );
      },
      async () => {
        const body = {
          orderId: pick(orders),
          method: pick(['cash', 'debit', 'credit']),
          amount: amount(),
        };
        const paid = await client.pay('payments/payments', body);
        if (paid.status === 201) payments.push(String(paid.body['id']));
      },
      () => client.pay(`payments/payments/${pick(payments)}/void`, { reason }),
      () => client.pay(`payments/payments/${pick(payments)}/refund`, { amount: amount(), reason }),
      () =>
        client.patch(
          `payments/payments/${pick(payments)}`,
          { amount: amount(), method: 'debit', reason },
          1,
        ),
      () => client.post(`sales/orders/${pick(orders)}/${pick(['deliver', 'ready', 'start'])}`),
      () => client.post(`sales/orders/${pick(orders)}/cancel`, { reason }),
      async () => {
        const of = `sales/services/${centro.services['CAMISA']}`;
        const service = await admin.get(of);
        const change = { price: 1_000 + amount(), name: `Camisa ${amount()}` };
        await admin.patch(of, change, Number(service.body['version']));
      },
      async () => {
        moments.push(new Date().toISOString());
        await warehouse.load(house);
      },
    ];
    // What every run must hold does not wait for luck: orders with a step and a payment each.
    for (let n = 0; n < SURE; n += 1) {
      const { id } = await takeOrder(client, centro, 1);
      orders.push(id);
      expect((await client.post(`sales/orders/${id}/start`)).status).toBe(200);
      const paid = await client.pay('payments/payments', { orderId: id, method: 'debit', amount: 100 }); // prettier-ignore
      expect(paid.status).toBe(201);
      payments.push(String(paid.body['id']));
    }
    for (let step = 0; step < STEPS; step += 1) await pick(acts)?.();
  }

  it('loaded bit by bit while people work, it is what it is when made anew of the whole log', async () => {
    await Promise.all(cashiers.map(live));
    expect((await admin.post('sii-connector/f29', { period })).status).toBe(201);
    const [declared] = (await admin.get('sii-connector/f29')).body['items'] as { id: string }[];
    expect((await admin.post(`sii-connector/f29/${declared?.id}/compute`)).status).toBe(200);
    await warehouse.loadAll(house);
    const before = await vault();
    const least = cashiers.length * SURE;
    expect(before['sat_payment']?.length).toBeGreaterThanOrEqual(least);
    expect(before['sat_order_step']?.length).toBeGreaterThanOrEqual(least);
    expect(before['sat_return_sales']?.length).toBe(1);
    expect(await warehouse.verify(house)).toEqual([]);

    const rebuilt = await warehouse.rebuild(house);
    expect(rebuilt).toMatchObject({ generation: 2, differences: [] });
    expect(await vault()).toEqual(before);
    expect(await warehouse.verify(house)).toEqual([]);
    const [rest] = await house.rows<{ n: string }>(
      'superuser',
      'SELECT count(*) AS n FROM warehouse_load',
    );
    expect(rest?.n).toBe('1');
  }, 240_000);

  it('knows nobody: no name, address or number of a customer is in it', async () => {
    const everything = JSON.stringify(await vault());
    expect(everything).not.toMatch(/Persona|example\.org/);
    expect(everything).toContain('hub');
  });

  it('holds what commits late, after what began later was loaded', async () => {
    await warehouse.loadAll(house);
    const late = new Connection({ connectionString: house.urls.owner });
    await late.connect();
    await late.query('BEGIN');
    const id = kernel.newId();
    await late.query(
      `INSERT INTO kernel_event SELECT gen_random_uuid(), company_id, now(), action, schema_version, actor_id,
         actor_login, actor_roles, ip, request_id, subject_type, $1, subject_label, changes, reason, payload
       FROM kernel_event WHERE action = 'customer.created' LIMIT 1`,
      [id],
    );
    try {
      await takeOrder(cashier, centro, 1);
      await warehouse.load(house);
      expect(await warehouse.lag(house)).toBeGreaterThan(0);
      await late.query('COMMIT');
    } finally {
      await late.end();
    }
    await warehouse.loadAll(house);
    expect((await vault())['hub_customer']?.filter((row) => row.includes(id))).toHaveLength(1);
  }, 120_000);

  it('killed in the middle of a batch it holds none of it, and the next load all of it', async () => {
    await warehouse.loadAll(house);
    const before = await vault();
    for (let n = 0; n < 3; n += 1) await takeOrder(cashier, centro, 1);
    const lock = new Connection({ connectionString: house.urls.owner });
    await lock.connect();
    await lock.query('BEGIN; LOCK TABLE warehouse_sat_order_line IN ACCESS EXCLUSIVE MODE');
    try {
      const program = run(process.execPath, [join('dist', 'src', 'cli.js'), 'warehouse', 'load'], {
        env: env(),
      });
      // By then it has added orders in the same transaction, and waits for the lines' table.
      await alerts.eventually(async () => {
        const waiting = await house.rows(
          'superuser',
          `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'warehouse_sat_order_line'::regclass`,
        );
        return waiting.length > 0 || program.hasEnded;
      }, 'a load that waits');
      expect(program.hasEnded).toBe(false);
      await program.end('SIGKILL');
    } finally {
      await lock.end();
    }
    expect(await vault()).toEqual(before);
    const [one, two] = await Promise.all([cli('load'), cli('load')]);
    expect([one?.code, two?.code]).toEqual([0, 0]);
    await warehouse.loadAll(house);
    const after = await vault();
    expect(after['hub_order']?.length).toBe((before['hub_order']?.length ?? 0) + 3);
    expect((await warehouse.rebuild(house)).differences).toEqual([]);
    expect(await vault()).toEqual(after);
  }, 180_000);

  it('is only added to, and says what somebody changed behind its back', async () => {
    const change = `UPDATE warehouse_sat_payment SET amount = amount + 1
      WHERE ctid = (SELECT min(ctid) FROM warehouse_sat_payment)`;
    await expect(house.rows('application', change, { companyId })).rejects.toThrow(/denied/);
    await expect(house.rows('owner', change, { companyId })).rejects.toThrow(/only added/);
    const remove = 'DELETE FROM warehouse_sat_payment';
    await expect(house.rows('application', remove, { companyId })).rejects.toThrow(/only added/);
    await house.rows('superuser', `SET session_replication_role = 'replica'; ${change}`);

    const { code, output } = await cli('verify');
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/payments, .*: paid is -?\d+, in the/),
    ]);
    const mended = await cli('rebuild', '--json');
    expect([
      mended.code,
      JSON.parse(mended.output.slice(mended.output.indexOf('{'))),
    ]).toMatchObject([0, { differences: 2, differing: { sat_payment: 2 } }]);
    expect(await warehouse.verify(house)).toEqual([]);
  }, 120_000);

  it('keeps what it knows when the log does not hold it any more', async () => {
    const before = await vault();
    await house.rows(
      'superuser',
      `SET session_replication_role = 'replica'; DELETE FROM kernel_event WHERE action = 'customer.created'`,
    );
    await expect(warehouse.rebuild(house)).rejects.toThrow(/does not hold \d+ records/);
    expect(await vault()).toEqual(before);
  }, 120_000);

  it('answers the same in another engine, by the same statements', async () => {
    await warehouse.loadAll(house);
    const to = join(folder, 'export');
    const { code, output } = await cli('export', '--to', to, '--json');
    expect([code, output]).toEqual([0, output]);
    expect((await cli('export', '--to', to)).output).toContain('is there already');
    expect(readdirSync(folder)).toEqual(['export']);
    const manifest = JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8')) as {
      companies: { companyId: string; generation: number; rows: Record<string, number> }[];
      files: { path: string; sha256: string }[];
    };
    for (const { path, sha256 } of manifest.files) {
      expect(
        createHash('sha256')
          .update(readFileSync(join(to, path)))
          .digest('hex'),
      ).toBe(sha256);
    }
    const [company] = manifest.companies;
    const duck = await Duck.open(to);
    try {
      for (const [table, rows] of Object.entries(company?.rows ?? {})) {
        const [counted] = await duck.rows(`SELECT count(*) AS n FROM warehouse_${table}`);
        expect([table, counted?.['n']]).toEqual([table, BigInt(rows)]);
      }
      const plain = (rows: object[]): unknown =>
        rows.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [
              name,
              value === null ? null : String(value),
            ]),
          ),
        );
      let answered = 0;
      for (const asOf of ['9999-12-31T00:00:00Z', ...moments.slice(0, 4)]) {
        for (const { name, sql } of warehouse.REPORT_QUERIES) {
          const range = name === 'vat-by-month' ? [period, period] : ['2020-01-01', today];
          for (const branch of [null, centro.branchId]) {
            const key = [companyId, company?.generation ?? 0, asOf, ...range, branch];
            const values = [...key, null, null, 1_000];
            const ours = await house.rows('application', sql, { companyId, values });
            expect([name, asOf, plain(await duck.report(name, values))]).toEqual([
              ...[name, asOf],
              plain(ours),
            ]);
            answered += ours.length;
          }
        }
      }
      expect(answered).toBeGreaterThan(20);
    } finally {
      duck.close();
    }
    expect(existsSync(join(to, 'sat_payment', `company=${companyId}`))).toBe(true);
  }, 120_000);
});
