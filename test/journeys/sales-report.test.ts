import { beforeAll, describe, expect, it } from '@jest/globals';
import { foundSecondCompany, House, kernel, shop } from '#test';
import type { Client, Shop } from '#test';

interface Tally {
  readonly orders: number;
  readonly quantity: number;
  readonly amount: number;
}

interface Row {
  readonly date: string;
  readonly serviceId: string;
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly sold: Tally;
  readonly cancelled: Tally;
}

interface OrderBody {
  readonly id: string;
  readonly branchId: string;
  readonly businessDate: string;
  readonly state: string;
  readonly lines: readonly { serviceId: string; quantity: number; total: number }[];
}

const REPORT = 'sales/reports/services';

/** What was sold, by service and day: the plain orders that clients see, added up by other code. */
describe('sales by service and day', () => {
  let house: House;
  let encargada: Client;
  let admin: Client;
  let centro: Shop;
  let norte: Shop;
  let codes: ReadonlyMap<string, { code: string; name: string; unit: string }>;
  const today = kernel.businessDay(new Date());

  beforeAll(async () => {
    house = await House.open();
    encargada = await house.as('encargada');
    admin = await house.as('admin');
    [centro, norte] = [await shop(admin, 'CENTRO'), await shop(admin, 'NORTE')];
    const { items } = (await admin.get('sales/services?limit=200')).body as {
      items: { id: string; code: string; name: string; unit: string }[];
    };
    codes = new Map(items.map(({ id, code, name, unit }) => [id, { code, name, unit }]));
    for (let count = 0; count < 60; count += 1) await takeSomething(count, items);
  });

  /** Orders of several lines, some of one service twice; every fifth is called off. */
  async function takeSomething(
    count: number,
    services: readonly { id: string; unit: string }[],
  ): Promise<void> {
    const { branchId } = count % 2 === 0 ? centro : norte;
    const lines = [count, Math.floor(count / 7), Math.floor(count / 3)].map((number) => {
      const service = services[number % services.length];
      const quantity = service?.unit === 'kg' ? 0.1 + (number % 9) / 1_000 : 1 + (number % 4);
      return { serviceId: service?.id, quantity };
    });
    const { body } = await admin.post('sales/orders', { branchId, lines });
    if (count % 5 === 0) {
      await admin.post(`sales/orders/${String(body.id)}/cancel`, { reason: 'de prueba' });
    }
    await house.rows(
      'owner',
      'UPDATE sales_order SET business_date = $1::date - $2::integer WHERE id = $3',
      {
        values: [today, count % 7, body.id],
      },
    );
  }

  async function pages(query: string, limit = 200): Promise<Row[]> {
    const rows: Row[] = [];
    for (let after = ''; ;) {
      const page = await encargada.get(`${REPORT}?${query}&limit=${limit}${after}`);
      expect(page.status).toBe(200);
      expect(page.body.items.length).toBeLessThanOrEqual(limit);
      rows.push(...(page.body.items as Row[]));
      if (page.body.next === null) return rows;
      after = `&after=${String(page.body.next)}`;
    }
  }

  async function orders(): Promise<OrderBody[]> {
    const { items } = (await encargada.get('sales/orders?limit=200')).body as {
      items: { id: string }[];
    };
    const bodies = items.map(async ({ id }) => (await encargada.get(`sales/orders/${id}`)).body);
    return (await Promise.all(bodies)) as OrderBody[];
  }

  /** The same report from the orders, in thousandths so that no fraction is lost. */
  async function recomputed(from: string, to: string, branchId?: string): Promise<Row[]> {
    const rows = new Map<string, Row>();
    const counted = new Set<string>();
    for (const order of await orders()) {
      const { businessDate: date } = order;
      if (date < from || date > to || (branchId && order.branchId !== branchId)) continue;
      for (const { serviceId, quantity, total } of order.lines) {
        const service = codes.get(serviceId) ?? { code: '', name: '', unit: '' };
        const key = `${date} ${service.code}`;
        const none = { orders: 0, quantity: 0, amount: 0 };
        const row = rows.get(key) ?? { date, serviceId, ...service, sold: none, cancelled: none };
        const kind = order.state === 'cancelled' ? 'cancelled' : 'sold';
        const isNew = !counted.has(`${key} ${order.id}`);
        counted.add(`${key} ${order.id}`);
        const tally = {
          orders: row[kind].orders + (isNew ? 1 : 0),
          quantity: Math.round((row[kind].quantity + quantity) * 1_000) / 1_000,
          amount: row[kind].amount + total,
        };
        rows.set(key, { ...row, [kind]: tally });
      }
    }
    return [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  const daysAgo = (days: number): string =>
    new Date(Date.parse(today) - days * 86_400_000).toISOString().slice(0, 10);

  it('comes out again from the orders, all branches and each, in pages of any size', async () => {
    const query = `from=${daysAgo(6)}&to=${today}`;
    const all = await recomputed(daysAgo(6), today);
    expect(all.length).toBeGreaterThan(20);
    expect(all.some(({ cancelled, sold }) => cancelled.orders > 0 && sold.orders > 0)).toBe(true);
    expect(all.some(({ sold }) => !Number.isInteger(sold.quantity))).toBe(true);
    for (const limit of [200, 7, 1]) expect(await pages(query, limit)).toEqual(all);
    for (const { branchId } of [centro, norte]) {
      expect(await pages(`${query}&branchId=${branchId}`)).toEqual(
        await recomputed(daysAgo(6), today, branchId),
      );
    }
    const [from, to] = [daysAgo(4), daysAgo(2)];
    expect(await pages(`from=${from}&to=${to}`)).toEqual(await recomputed(from, to));
    expect(await pages(`from=${daysAgo(30)}&to=${daysAgo(10)}`)).toEqual([]);
    expect(await pages(`${query}&branchId=${kernel.newId()}`)).toEqual([]);
  });

  it('keeps the prices of the day and shows the name of now', async () => {
    const before = await pages(`from=${today}&to=${today}`);
    const [row] = before;
    const path = `sales/services/${row?.serviceId ?? ''}`;
    const { version, price } = (await admin.get(path)).body as { version: number; price: number };
    await admin.patch(path, { name: 'Otro nombre', price: price + 1_000 }, version);
    const after = await pages(`from=${today}&to=${today}`);
    expect(after).toEqual(
      before.map((each) => (each === row ? { ...each, name: 'Otro nombre' } : each)),
    );
    await admin.patch(path, { name: row?.name }, version + 1);
  });

  it('counts an order on the day it was taken in Chile', async () => {
    const { branchId, services } = centro;
    const clock = house.app.get(kernel.Clock);
    const now = clock.now.bind(clock);
    // Half an hour before midnight in Chile it is tomorrow in Greenwich.
    clock.now = () => new Date('2026-03-11T02:30:00Z');
    const lines = [{ serviceId: services['TERNO'], quantity: 2 }];
    const taken = await admin.post('sales/orders', { branchId, lines });
    clock.now = now;
    expect(taken.status).toBe(201);
    expect(await pages('from=2026-03-10&to=2026-03-10')).toMatchObject([
      { date: '2026-03-10', code: 'TERNO', sold: { orders: 1, quantity: 2 } },
    ]);
    expect(await pages('from=2026-03-11&to=2026-03-11')).toEqual([]);
  });

  it('shows a company its own', async () => {
    await foundSecondCompany(house);
    const stranger = await house.as('encargada.dos');
    const answer = await stranger.get(`${REPORT}?from=${daysAgo(6)}&to=${today}`);
    expect(answer.body).toEqual({ items: [], next: null });
    const { branchId } = centro;
    const asked = await stranger.get(
      `${REPORT}?from=${daysAgo(6)}&to=${today}&branchId=${branchId}`,
    );
    expect(asked.body).toEqual({ items: [], next: null });
  });

  it('is for managers and accountants', async () => {
    const path = `${REPORT}?from=${today}&to=${today}`;
    expect((await (await house.as('contador')).get(path)).status).toBe(200);
    expect((await (await house.as('vendedora')).get(path)).status).toBe(403);
    expect((await house.nobody.get(path)).status).toBe(401);
  });

  const cursor = (value: unknown): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  const PERIOD = 'from=2026-01-01&to=2026-01-31';

  it.each([
    ['', 400],
    ['from=2026-01-01', 400],
    ['from=2026-02-30&to=2026-03-01', 400],
    ['from=2026-01-01&from=2026-01-02&to=2026-01-31', 400],
    [`${PERIOD}&color=azul`, 400],
    [`${PERIOD}&branchId=norte`, 400],
    ['from=2026-01-31&to=2026-01-01', 422],
    ['from=2024-01-01&to=2025-01-02', 422],
    ['from=2024-01-01&to=2025-01-01', 200],
    [`${PERIOD}&limit=0`, 400],
    [`${PERIOD}&limit=201`, 400],
    [`${PERIOD}&limit=1.5`, 400],
    [`${PERIOD}&limit=`, 400],
    [`${PERIOD}&limit=5&limit=6`, 400],
    [`${PERIOD}&after=xyz`, 400],
    [`${PERIOD}&after=${cursor(['2026-01-02', 'CAMISA'])}`, 200],
    [`${PERIOD}&after=${cursor(['2026-01-02'])}`, 400],
    [`${PERIOD}&after=${cursor(['2026-01-02', 'A', 'B'])}`, 400],
    [`${PERIOD}&after=${cursor(['2026-02-30', 'CAMISA'])}`, 400],
    [`${PERIOD}&after=${cursor(['2026-01-02', 'A\0'])}`, 400],
    [`${PERIOD}&after=${cursor(['2026-01-02', 7])}`, 400],
    [`${PERIOD}&after=${cursor({})}`, 400],
  ])('answers %s with %i', async (query, status) => {
    const answer = await encargada.get(`${REPORT}?${query}`);
    expect([query, answer.status]).toEqual([query, status]);
    if (status === 422) expect(answer.body.code).toBe('kernel.period-too-long');
  });
});
