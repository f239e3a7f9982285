import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel, openSession, rcv, runCli, shop, takeOrder, until } from '#test';
import type { Client } from '#test';

interface Flow {
  readonly id: string;
  readonly state: string;
  readonly amount: number;
  readonly day: string;
  readonly sourceId: string | null;
}

/** A return’s payment is expected when it goes out and settled when it is paid; a day's money comes in. */
describe('treasury', () => {
  let house: House;
  let contador: Client;
  let admin: Client;
  let worker: kernel.Worker;
  let id: string;

  beforeAll(async () => {
    house = await House.open();
    [contador, admin] = [await house.as('contador'), await house.as('admin')];
    worker = house.app.get(kernel.Worker);
    await worker.start(house.urls.application);
    await admin.post('sii-connector/figures', {
      ...{ kind: 'ppm', period: '202501', value: 0.125, source: 'Ley 21.755' },
    });
    const file = rcv.rcvOf(rcv.SALE_HEADER, [rcv.sale(1, { 'Monto Neto': 1_000_000 })]);
    const path = '/api/v1/sii-connector/imports?kind=rcv-venta&period=202610';
    await contador.raw('post', path, Buffer.from(file), { 'content-type': 'text/csv' });
    id = String((await contador.post('sii-connector/f29', { period: '202610' })).body.id);
  });

  afterAll(() => worker.stop());

  const at = (verb: string): string => `sii-connector/f29/${id}/${verb}`;

  /** Waits for what the worker makes of events. */
  async function flows(query: string, areThere: (found: Flow[]) => boolean): Promise<Flow[]> {
    let found: Flow[] = [];
    await until(`the flows of ${query}`, async () => {
      ({ items: found } = (await contador.get(`treasury/flows?${query}`)).body as {
        items: Flow[];
      });
      return areThere(found);
    });
    return found;
  }

  const inState = (state: string) => (found: Flow[]) => found.some((flow) => flow.state === state);

  async function approve(): Promise<void> {
    const { body } = await contador.post(at('compute'));
    const warnings = (body.findings as { rule: string; severity: string }[]).filter(
      ({ severity }) => severity === 'warning',
    );
    const reasons = warnings.map(({ rule }) => ({ rule, reason: 'revisado' }));
    if (reasons.length > 0) await contador.post(at('acknowledge'), { acknowledgements: reasons });
    expect((await admin.post(at('validate'))).body.state).toBe('validated');
  }

  it('expects the payment of a return that was exported, at its due date', async () => {
    await approve();
    expect((await contador.get('treasury/flows')).body.items).toEqual([]);
    await contador.post(at('export'));
    const [expected] = await flows('sourceType=f29', inState('expected'));
    // VAT 190.000 and 0,125 % of a million; 20 November 2026 is a Friday.
    expect(expected).toMatchObject({ amount: -191_250, day: '2026-11-20', sourceId: id });
    const own = await admin.post(`treasury/flows/${expected?.id}/cancel`);
    expect([own.status, own.body.code]).toEqual([422, 'treasury.flow-has-owner']);
  });

  it('expects it no more while the return is worked on, and again at the next export', async () => {
    await contador.post(at('compute'));
    await flows('sourceType=f29', inState('cancelled'));
    await approve();
    await contador.post(at('export'));
    const found = await flows('sourceType=f29', inState('expected'));
    expect(found).toHaveLength(1);
  });

  it('settles it when it is paid, with what was paid', async () => {
    await contador.post(at('file'), { folio: '8000000001', filedOn: '2026-11-20' });
    await contador.post(at('pay'), { paidOn: '2026-11-19', amount: 191_300 });
    const [paid] = await flows('sourceType=f29', inState('settled'));
    expect(paid).toMatchObject({
      ...{ state: 'settled', day: '2026-11-19', amount: -191_300 },
      ...{ expectedOn: '2026-11-20', expectedAmount: -191_250 },
    });
    const { items } = (await admin.get('audit/events?limit=200&sort=createdAt')).body as {
      items: { action: string }[];
    };
    const told = items.map(({ action }) => action).filter((action) => action.startsWith('flow.'));
    expect(told).toEqual([...['flow.expected', 'flow.cancelled', 'flow.expected', 'flow.settled']]);
  });

  it('takes in what a daily cut counted, once however often it is told', async () => {
    const vendedora = await house.as('vendedora');
    const place = await shop(vendedora);
    const session = await openSession(vendedora, place.registerIds[0] ?? '', 5_000);
    const order = await takeOrder(vendedora, place, 2, 'CAMISA');
    await vendedora.pay('payments/payments', { orderId: order.id, method: 'debit', amount: 4_980 });
    await vendedora.post(`payments/cash-sessions/${session}/close`, { countedAmount: 5_000 });
    const date = kernel.businessDay(new Date());
    const cut = await admin.post('payments/daily-cuts', { branchId: place.branchId, date });
    const found = await flows('sourceType=daily_cut', inState('settled'));
    expect(found).toMatchObject([{ amount: 4_980, day: date, sourceId: cut.body.id }]);
  });

  it('forecasts by week, each opening with what the one before closed', async () => {
    const today = kernel.businessDay(new Date());
    const before = (await contador.get('treasury/forecast')).body;
    expect(before.weeks).toHaveLength(8);
    expect((await admin.post('treasury/balances', { day: today, amount: 1_000_000 })).status).toBe(
      201,
    );
    const overdue = { direction: 'in', day: '2026-01-05', amount: 70_000, label: 'Cliente moroso' };
    const later = { direction: 'out', day: '2099-01-01', amount: 5, label: 'Muy lejos' };
    const made = await admin.post('treasury/flows', overdue);
    await admin.post('treasury/flows', later);
    const { weeks, balanceOn } = (await contador.get('treasury/forecast?weeks=3')).body;
    expect([weeks.length, balanceOn]).toEqual([3, today]);
    // What was counted today holds today's sales already; what is overdue may come any day.
    expect(weeks[0]).toMatchObject({ expected: 70_000, closing: 1_070_000 });
    for (const [index, week] of weeks.entries()) {
      expect(week.closing).toBe(week.opening + week.inflow - week.outflow);
      expect(new Date(`${week.from}T12:00:00Z`).getUTCDay()).toBe(1);
      if (index > 0) expect(week.opening).toBe(weeks[index - 1].closing);
    }
    const settled = await admin.post(`treasury/flows/${made.body.id}/settle`, { day: today });
    expect(settled.body).toMatchObject({
      state: 'settled',
      amount: 70_000,
      expectedOn: '2026-01-05',
    });
    expect((await admin.post(`treasury/flows/${made.body.id}/cancel`)).status).toBe(409);
    const future = await admin.post('treasury/balances', { day: '2099-01-01', amount: 1 });
    expect([future.status, future.body.code]).toEqual([422, 'treasury.flow-in-future']);
    expect((await contador.post('treasury/flows', overdue)).status).toBe(403);
    expect((await contador.get('treasury/forecast?weeks=99')).status).toBe(400);
  });

  it('is moved by the operator’s commands as by the API', async () => {
    const env = { DATABASE_URL: house.urls.application, DATABASE_OWNER_URL: house.urls.owner };
    const f29 = (...args: string[]): ReturnType<typeof runCli> => runCli(['f29', ...args], env);
    const period = ['--period', '202608'];
    const file = rcv.rcvOf(rcv.SALE_HEADER, [
      rcv.sale(2, { 'Fecha Docto': '05/08/2026', 'Fecha Recepcion': '05/08/2026' }),
    ]);
    const path = '/api/v1/sii-connector/imports?kind=rcv-venta&period=202608';
    await contador.raw('post', path, Buffer.from(file), { 'content-type': 'text/csv' });
    const computed = await f29('compute', ...period);
    expect([computed.code, computed.output]).toEqual([0, expect.stringMatching(/538 +1900 +comp/)]);
    const refused = await f29('validate', ...period);
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('late')]);
    const validated = await f29('validate', ...period, '--reason', 'se presenta tarde', '--json');
    expect(JSON.parse(validated.output)).toMatchObject({ state: 'validated', amount: 1_913 });
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-f29-'));
    const exported = await f29('export', ...period, '--to', folder);
    expect(exported.code).toBe(0);
    expect(readdirSync(folder).map((name) => name.split('.').at(-1))).toEqual([
      'csv',
      'html',
      'xml',
    ]);
    const [page = ''] = readdirSync(folder).filter((name) => name.endsWith('.html'));
    expect(readFileSync(join(folder, page), 'utf8')).toContain('agosto de 2026');
    const found = await flows('state=expected', (all) =>
      all.some(({ amount }) => amount === -1_913),
    );
    // It is late: it was due on 20 September, a Sunday after two holidays.
    expect(found.find(({ amount }) => amount === -1_913)?.day).toBe('2026-09-21');
    const wrong = await f29('compute', '--period', '2026-08');
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining('YYYYMM')]);
  });
});
