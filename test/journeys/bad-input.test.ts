import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

/** What keeps a browser from harm in every answer, also to what never becomes a request. */
const HARMLESS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

/** A megabyte that costs a careless server minutes: no field is known, and there are many. */
function manyMembers(): string {
  return `{${Array.from({ length: 90_000 }, (_, index) => `"${index}":1`).join(',')}}`;
}

/** What hostile or broken clients send: a clear problem each, and nothing written. */
describe('bad input', () => {
  let house: House;
  let vendedora: Client;
  let centro: Shop;
  let orderId: string;
  let before: string;

  beforeAll(async () => {
    house = await House.open({ ALLOWED_HOSTS: '127.0.0.1,.lavanderia.example' });
    vendedora = await house.as('vendedora');
    centro = await shop(vendedora);
    await openSession(vendedora, centro.registerIds[0] ?? '');
    ({ id: orderId } = await takeOrder(vendedora, centro));
    before = await written();
  });

  /** Counts of everything that a request could have written, sign-ins apart. */
  async function written(): Promise<string> {
    const tables = ['sales_customer', 'sales_order', 'sales_order_line', 'payments_payment'];
    const more = ['payments_cash_session', 'base_branch', 'kernel_idempotency', 'base_sequence'];
    const counts = [...tables, ...more]
      .map((t) => `(SELECT count(*) FROM ${t}) AS ${t}`)
      .join(', ');
    const events = `(SELECT count(*) FROM kernel_event WHERE action NOT SIMILAR TO '(session|access).%') AS events`;
    const paid = `(SELECT sum(paid_amount) FROM sales_order) AS paid`;
    return JSON.stringify(await house.rows('owner', `SELECT ${counts}, ${events}, ${paid}`));
  }

  async function expectRefused(
    answer: { status: number; body: Record<string, unknown>; headers: Record<string, string> },
    status: number,
    code?: string,
  ): Promise<void> {
    expect([answer.status, answer.body['code']]).toEqual([status, code ?? answer.body['code']]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body['requestId']).toBe(answer.headers['x-request-id']);
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|at .*\.[jt]s:|SELECT |INSERT /);
    expect(await written()).toBe(before);
  }

  const line = (): object => ({ serviceId: centro.services['CAMISA'], quantity: 1 });

  it.each<[string, (order: () => object) => object]>([
    ['an unknown field', () => ({ branchId: centro.branchId, lines: [line()], discount: 100 })],
    [
      'an unknown field in a line',
      () => ({ branchId: centro.branchId, lines: [{ ...line(), price: 1 }] }),
    ],
    [
      'a text for a number',
      () => ({ branchId: centro.branchId, lines: [{ ...line(), quantity: '1' }] }),
    ],
    ['a number for a text', () => ({ branchId: centro.branchId, lines: [line()], notes: 5 })],
    ['an object for a list', () => ({ branchId: centro.branchId, lines: { 0: line() } })],
    ['a text for a line', () => ({ branchId: centro.branchId, lines: ['camisa'] })],
    ['a null for a required field', () => ({ branchId: null, lines: [line()] })],
    [
      'a null for an optional field',
      () => ({ branchId: centro.branchId, lines: [line()], notes: null }),
    ],
    ['no lines', () => ({ branchId: centro.branchId, lines: [] })],
    [
      'too many lines',
      () => ({ branchId: centro.branchId, lines: Array.from({ length: 101 }, line) }),
    ],
    [
      'a negative quantity',
      () => ({ branchId: centro.branchId, lines: [{ ...line(), quantity: -1 }] }),
    ],
    [
      'a quantity of nothing',
      () => ({ branchId: centro.branchId, lines: [{ ...line(), quantity: 0 }] }),
    ],
    [
      'four decimals',
      () => ({ branchId: centro.branchId, lines: [{ ...line(), quantity: 1.0001 }] }),
    ],
    [
      'a tiny quantity',
      () => ({ branchId: centro.branchId, lines: [{ ...line(), quantity: 1e-7 }] }),
    ],
    [
      'a huge quantity',
      () => ({ branchId: centro.branchId, lines: [{ ...line(), quantity: 1e300 }] }),
    ],
    ['an id that is none', () => ({ branchId: 'CENTRO', lines: [line()] })],
    [
      'a day that does not exist',
      () => ({ branchId: centro.branchId, lines: [line()], promisedAt: '2026-02-30T10:00:00Z' }),
    ],
    [
      'an instant without offset',
      () => ({ branchId: centro.branchId, lines: [line()], promisedAt: '2026-02-20T10:00:00' }),
    ],
    ['a list for the body', () => [line()]],
    ['NUL in a text', () => ({ branchId: centro.branchId, lines: [line()], notes: 'a\u0000b' })],
    [
      'a lone surrogate in a text',
      () => ({ branchId: centro.branchId, lines: [line()], notes: 'a\ud800b' }),
    ],
    ['NUL in a name', () => ({ branchId: centro.branchId, lines: [line()], 'a\u0000b': 1 })],
    ['a deep tree', () => JSON.parse(`${'{"a":'.repeat(60)}1${'}'.repeat(60)}`) as object],
  ])('refuses an order with %s', async (_, make) => {
    const answer = await vendedora.post('sales/orders', make(line));
    await expectRefused(answer, 400, 'kernel.malformed');
  });

  it.each<[string, object, number, string]>([
    ['a negative amount', { amount: -1 }, 400, 'kernel.malformed'],
    ['nothing', { amount: 0 }, 400, 'kernel.malformed'],
    ['half a peso', { amount: 0.5 }, 400, 'kernel.malformed'],
    ['a fraction of pesos', { amount: 100.25 }, 400, 'kernel.malformed'],
    ['a text', { amount: '100' }, 400, 'kernel.malformed'],
    ['more than any amount', { amount: 1e18 }, 400, 'kernel.malformed'],
    ['an unsafe integer', { amount: 2 ** 53 + 2 }, 400, 'kernel.malformed'],
    ['another method', { method: 'cheque' }, 400, 'kernel.malformed'],
    ['a method that is everybody’s', { method: '__proto__' }, 400, 'kernel.malformed'],
    ['more than the balance', { amount: 7_471 }, 422, 'sales.payment-exceeds-balance'],
    ['too little tendered', { amount: 500, tendered: 499 }, 422, 'payments.tendered-too-little'],
    [
      'change from a card',
      { method: 'debit', amount: 500, tendered: 600 },
      422,
      'payments.change-only-from-cash',
    ],
    [
      'an order that nobody has',
      { orderId: '00000000-0000-7000-8000-000000000000' },
      404,
      'kernel.not-found',
    ],
  ])('refuses a payment of %s', async (_, part, status, code) => {
    const body = { orderId, method: 'cash', amount: 100, ...part };
    await expectRefused(await vendedora.pay('payments/payments', body), status, code);
  });

  it('names every faulty field, in Spanish unless English is asked for', async () => {
    const body = { branchId: 'x', lines: [{ serviceId: centro.services['CAMISA'], quantity: -2 }] };
    const spanish = await vendedora.post('sales/orders', body);
    expect(spanish.headers['content-language']).toBe('es');
    expect(spanish.body).toMatchObject({
      title: 'La solicitud está mal formada',
      errors: [
        { field: 'branchId', message: 'no tiene la forma esperada' },
        { field: 'lines.0.quantity', message: 'no puede ser menor que 0.001' },
      ],
    });
    const english = await vendedora.post('sales/orders', body, {
      'accept-language': 'en-GB,es;q=0.5',
    });
    expect(english.headers['content-language']).toBe('en');
    expect(english.body).toMatchObject({
      title: 'The request is malformed',
      errors: [
        { field: 'branchId', message: 'does not have the expected form' },
        { field: 'lines.0.quantity' },
      ],
    });
  });

  it('demands the idempotency key of a payment, and a readable one', async () => {
    const body = { orderId, method: 'cash', amount: 100 };
    await expectRefused(await vendedora.post('payments/payments', body), 400, 'kernel.malformed');
    for (const key of ['', ' ', 'con espacio', 'x'.repeat(256)]) {
      const answer = await vendedora.post('payments/payments', body, { 'idempotency-key': key });
      await expectRefused(answer, 400, 'kernel.malformed');
    }
  });

  async function send(
    path: string,
    init: RequestInit & { body?: string },
  ): Promise<{ status: number; body: Record<string, unknown>; headers: Record<string, string> }> {
    const headers = { authorization: `Bearer ${vendedora.token}`, ...init.headers } as Record<
      string,
      string
    >;
    const answer = await fetch(`${house.url}${path}`, { ...init, headers });
    return {
      status: answer.status,
      body: (await answer.json()) as Record<string, unknown>,
      headers: Object.fromEntries(answer.headers),
    };
  }

  it.each<[string, string, string, number, string]>([
    ['broken JSON', 'application/json', '{"name": ', 400, 'kernel.malformed'],
    ['no JSON at all', 'application/json', 'hola', 400, 'kernel.malformed'],
    ['an empty body', 'application/json', '', 400, 'kernel.malformed'],
    [
      'a poisoned prototype',
      'application/json',
      '{"__proto__": {"admin": true}, "name": "x"}',
      400,
      'kernel.malformed',
    ],
    ['a form', 'application/x-www-form-urlencoded', 'name=x', 415, 'kernel.unsupported-media-type'],
    ['XML', 'application/xml', '<name>x</name>', 415, 'kernel.unsupported-media-type'],
    ['10 MB', 'application/json', `{"name": "${'x'.repeat(10_000_000)}"}`, 413, 'kernel.too-large'],
    ['a megabyte of brackets', 'application/json', '['.repeat(900_000), 400, 'kernel.malformed'],
    ['an object of 90,000 members', 'application/json', manyMembers(), 400, 'kernel.malformed'],
    [
      'a list of 400,000 items',
      'application/json',
      `[${'1,'.repeat(399_999)}1]`,
      400,
      'kernel.malformed',
    ],
    ['a control character', 'application/json', '{"name": "a\\u0001b"}', 400, 'kernel.malformed'],
    ['escaped NUL', 'application/json', '{"name": "a\\u0000b"}', 400, 'kernel.malformed'],
    [
      'escaped lone surrogate',
      'application/json',
      '{"name": "a\\udc00b"}',
      400,
      'kernel.malformed',
    ],
  ])('refuses a body that is %s', async (_, type, body, status, code) => {
    const path = '/api/v1/sales/customers';
    const answer = await send(path, { method: 'POST', headers: { 'content-type': type }, body });
    expect(JSON.stringify(answer.body).length).toBeLessThan(10_000);
    await expectRefused(answer, status, code);
  });

  it.each<[string, string, number]>([
    ['an unknown parameter', '?color=azul', 400],
    ['an operator that the kind does not have', '?code.gte=A', 400],
    ['a parameter twice', '?limit=1&limit=2', 400],
    ['limit 0', '?limit=0', 400],
    ['a limit in hexadecimal', '?limit=0x10', 400],
    ['a limit with a blank', '?limit=%205', 400],
    ['limit 201', '?limit=201', 400],
    ['a limit in words', '?limit=diez', 400],
    ['another sort', '?sort=price;DROP TABLE sales_order', 400],
    ['a property of every object', '?constructor=1', 400],
    ['a sort by another column', '?sort=companyId', 400],
    ['a cursor that is none', '?after=hola', 400],
    ['NUL', '?code=a%00b', 400],
    ['half an escape', '?code=%E0%A4%A', 200],
  ])('answers a list with %s', async (_, query, status) => {
    const answer = await send(`/api/v1/sales/services${query}`, {});
    expect(answer.status).toBe(status);
  });

  it('refuses an edit that is null: nothing to change is an empty object', async () => {
    const customers = (await vendedora.get('sales/customers')).body.items;
    const { id, version } = customers[0] as { id: string; version: number };
    const headers = { 'content-type': 'application/json', 'if-match': `"${version}"` };
    const path = `/api/v1/sales/customers/${id}`;
    const answer = await send(path, { method: 'PATCH', headers, body: 'null' });
    await expectRefused(answer, 400, 'kernel.malformed');
    expect((await send(path, { method: 'PATCH', headers, body: '{}' })).status).toBe(200);
  });

  it.each<[string, string, number]>([
    ['an address that does not exist', '/api/v1/sales/nothing', 404],
    ['an id that is none', '/api/v1/sales/orders/1', 404],
    ['an id in capitals', `/api/v1/sales/orders/${'A'.repeat(8)}-0000-7000-8000-000000000000`, 404],
    ['half an escape', '/api/v1/sales/orders/%E0%A4%A', 400],
    ['an encoded slash', '/api/v1/sales/orders/..%2f..%2fusers', 404],
    ['a long parameter', `/api/v1/sales/orders/${'a'.repeat(5_000)}`, 414],
    ['an address of 20 kB', `/api/v1/sales/orders?x=${'a'.repeat(20_000)}`, 431],
  ])('answers %s', async (_, path, status) => {
    const answer = await send(path, {});
    expect([path.slice(0, 60), answer.status]).toEqual([path.slice(0, 60), status]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers).toMatchObject(HARMLESS);
  });

  it.each([
    [
      'a method that nobody knows',
      'JUGAR /api/v1/auth/me HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
      400,
    ],
    [
      'a known method without a route',
      'PROPFIND /api/v1/auth/me HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
      405,
    ],
    ['no HTTP at all', 'hola\r\n\r\n', 400],
    ['a header line that is none', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nmal\r\n\r\n', 400],
  ])('answers a problem to %s', async (_, text, status) => {
    const { port } = new URL(house.url);
    const raw = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
      let read = '';
      socket.setTimeout(3_000, () => resolve(read));
      socket.on('data', (chunk) => (read += chunk.toString()));
      socket.on('close', () => resolve(read));
      socket.on('error', reject);
      setTimeout(() => socket.end(), 500);
    });
    expect(raw).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(raw).toContain('application/problem+json');
    expect(raw).toContain('"code":"kernel.');
    const head = raw.split('\r\n\r\n')[0]?.toLowerCase() ?? '';
    for (const [name, value] of Object.entries(HARMLESS)) {
      expect(head.split('\r\n')).toContainEqual(`${name}: ${value.toLowerCase()}`);
    }
  });

  it('answers its own hosts, and a problem to another', async () => {
    for (const [host, status] of [
      ['127.0.0.1', 200],
      ['caja.lavanderia.example', 200],
      ['lavanderia.example:443', 200],
      ['lavanderia.example.malo.example', 421],
      ['malolavanderia.example', 421],
      ['localhost', 421],
    ] as const) {
      const answer = await vendedora.raw('get', '/api/v1/auth/me', undefined, { host });
      expect([host, answer.status]).toEqual([host, status]);
    }
    const live = await vendedora.raw('get', '/health/live', undefined, { host: '10.0.0.1' });
    expect(live.status).toBe(200);
  });

  it('refuses an edit without a body, and instants that do not exist', async () => {
    const admin = await house.as('admin');
    const { id, version } = (await admin.get('base/branches?code=NORTE')).body.items[0];
    const bare = await admin.raw('patch', `/api/v1/base/branches/${String(id)}`, undefined, {
      'if-match': `"${String(version)}"`,
    });
    expect([bare.status, bare.body.errors[0].field]).toEqual([400, 'body']);
    for (const instant of ['2026-01-01junk', '2026-02-31T00:00:00Z', '2026-01-01T00:00:00']) {
      const answer = await admin.get(`sales/orders?createdAt.gte=${instant}`);
      expect([instant, answer.status]).toEqual([instant, 400]);
    }
    for (const tag of ['*', '"1", "2"', 'W/"1"', '"01"', '"1']) {
      const path = `/api/v1/base/branches/${String(id)}`;
      const answer = await admin.raw('patch', path, { name: 'X' }, { 'if-match': tag });
      expect([tag, answer.status]).toEqual([tag, 400]);
    }
  });

  it('sends the headers that keep a browser from harm', async () => {
    const { headers } = await vendedora.get('auth/me');
    expect(headers).toMatchObject(HARMLESS);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  it('wrote nothing through all of this, and still works', async () => {
    expect(await written()).toBe(before);
    const fine = await vendedora.pay('payments/payments', { orderId, method: 'cash', amount: 100 });
    expect(fine.status).toBe(201);
  });
});
