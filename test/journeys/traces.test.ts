import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  bootstrap,
  Collector,
  DEMO_PASSWORD,
  dropDatabase,
  House,
  kernel,
  makeDatabase,
  openSession,
  READY,
  runServer,
  shop,
  signIn,
  takeOrder,
  until,
} from '#test';
import type { CollectedSpan } from '#test';

const SERVER = 2;
const CLIENT = 3;
const CONSUMER = 5;
const ERROR = 2;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

const json = (url: string): Record<string, string> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_BSP_SCHEDULE_DELAY: '50',
});

/** What a collector gets of a day at the shop, and what it must never get. */
describe('traces', () => {
  let collector: Collector;
  let house: House;

  beforeAll(async () => {
    collector = await Collector.open();
    house = await House.open({
      ...json(collector.url),
      OTEL_SERVICE_NAME: 'ofitec-centro',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=tienda%20uno',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=secreto%2F1',
    });
  });

  afterAll(() => collector.close());

  async function collected(wanted: (spans: CollectedSpan[]) => boolean): Promise<CollectedSpan[]> {
    await until('the spans are collected', () => {
      if (wanted(collector.spans)) return true;
      throw new Error(JSON.stringify(collector.spans.map(({ name }) => name)));
    });
    return collector.spans;
  }

  it('follow a request into its transaction, and go on from the caller’s trace', async () => {
    const vendedora = await house.as('vendedora');
    await vendedora.raw('get', '/api/v1/sales/orders?limit=1', undefined, { traceparent: PARENT });
    const spans = await collected((all) =>
      all.some(({ traceId, kind }) => traceId === TRACE_ID && kind === SERVER),
    );
    const ofTrace = spans.filter(({ traceId }) => traceId === TRACE_ID);
    const request = ofTrace.find(({ kind }) => kind === SERVER);
    expect(request).toMatchObject({
      name: 'GET /api/v1/sales/orders',
      parentSpanId: 'b7ad6b7169203331',
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/api/v1/sales/orders',
        'http.response.status_code': 200,
      },
      resource: {
        'service.name': 'ofitec-centro',
        'service.version': '0.1.0',
        'deployment.environment.name': 'tienda uno',
      },
    });
    const transactions = ofTrace.filter(({ kind }) => kind === CLIENT);
    expect(transactions.length).toBeGreaterThan(0);
    for (const { name, parentSpanId } of transactions) {
      expect([name, parentSpanId]).toEqual(['transaction', request?.spanId]);
    }
    expect(collector.bodies[0]).toMatchObject({
      path: '/v1/traces',
      headers: { 'x-key': 'secreto/1', 'content-type': 'application/json' },
    });
  });

  it('follow a delivery, and mark as errors what are errors of the house', async () => {
    const worker = house.app.get(kernel.Worker);
    await worker.start(house.urls.application);
    const vendedora = await house.as('vendedora');
    await vendedora.get(`sales/orders/${kernel.newId()}`);
    const database = house.app.get(kernel.Database);
    await expect(database.transaction(() => database.rows('SELECT 1 / 0'))).rejects.toThrow(
      'division by zero',
    );
    const spans = await collected(
      (all) =>
        all.some(({ name }) => name.startsWith('schedule ')) &&
        all.some(({ attributes }) => attributes['error.type'] === '22012'),
    );
    await worker.stop();
    const failed = spans.find(({ attributes }) => attributes['error.type'] === '22012');
    expect([failed?.name, failed?.status.code]).toEqual(['transaction', ERROR]);
    const refused = spans.filter(
      ({ attributes }) => attributes['error.type'] === 'kernel.not-found',
    );
    expect(refused.map(({ status }) => status.code ?? 0)).toEqual([0]);
    const request = spans.find(({ spanId }) => spanId === refused[0]?.parentSpanId);
    expect(request?.attributes).toMatchObject({ 'http.response.status_code': 404 });
    expect(request?.name).toBe('GET /api/v1/sales/orders/:id');
    expect(request?.status.code ?? 0).toBe(0);
    for (const { kind, attributes } of spans.filter(({ name }) => name.startsWith('delivery '))) {
      expect([kind, typeof attributes['ofitec.event']]).toEqual([CONSUMER, 'string']);
    }
  });

  it('hold names of a closed list: nothing of a person, no value, no path that was asked for', async () => {
    const vendedora = await house.as('vendedora');
    const centro = await shop(vendedora);
    await openSession(vendedora, centro.registerIds[0] ?? '', 23_456);
    const order = await takeOrder(vendedora, centro, 7);
    const paid = { orderId: order.id, method: 'cash', amount: 4_321 };
    await vendedora.pay('payments/payments', { ...paid, amount: 99_999_999 });
    await vendedora.pay('payments/payments', paid, 'clave-de-la-caja-0001');
    await vendedora.raw('get', '/api/v1/sales/customers?name=Cliente Ejemplo Uno');
    await vendedora.raw('get', '/Ana-Perez-12345678-5');
    await collected((all) => all.some(({ name }) => name === 'GET unknown'));
    const names = new Set(collector.spans.flatMap(({ attributes }) => Object.keys(attributes)));
    // Whether something was delivered before the worker ended is a matter of its schedules' length.
    names.add('ofitec.event');
    expect([...names].sort()).toEqual([
      'db.system.name',
      'error.type',
      'http.request.method',
      'http.response.status_code',
      'http.route',
      'ofitec.event',
      'ofitec.transaction.kind',
    ]);
    const secrets = ['vendedora', 'Ejemplo', 'Ana', '12345678', '4321', '99999999', '23456'];
    const ids = [order.id, vendedora.token ?? '', DEMO_PASSWORD, '127.0.0.1', 'clave-de-la-caja'];
    for (const word of [...secrets, ...ids, 'SELECT', 'INSERT', 'secreto']) {
      // Trace and span ids are hexadecimal and may hold any digits.
      const text = collector.text.replaceAll(
        /"(traceId|spanId|parentSpanId|\w*TimeUnixNano)":"\w+"/g,
        '',
      );
      expect([word, text.includes(word)]).toEqual([word, false]);
    }
    expect(collector.text).not.toMatch(/health\/|\/metrics/);
  });

  it('are written as protobuf unless told otherwise, and sent before the house ends', async () => {
    const other = await Collector.open();
    const env = { ...json(other.url), OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };
    const brief = await House.over(null, house.urls, { ...env, OTEL_BSP_SCHEDULE_DELAY: '600000' });
    await brief.nobody.get('sales/orders');
    expect(other.bodies).toEqual([]);
    await brief.close();
    expect(other.bodies.map(({ headers }) => headers['content-type'])).toEqual([
      'application/x-protobuf',
    ]);
    expect(other.text).toContain('GET /api/v1/sales/orders');
    await other.close();
  });

  it('are not sent when they are sampled away, and disabled by OTEL_SDK_DISABLED', async () => {
    const other = await Collector.open();
    const quieted: Record<string, string>[] = [
      { OTEL_TRACES_SAMPLER: 'always_off' },
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
      { OTEL_SDK_DISABLED: 'true' },
      { OTEL_TRACES_EXPORTER: 'none' },
    ];
    for (const more of quieted) {
      const quiet = await House.over(null, house.urls, { ...json(other.url), ...more });
      await quiet.nobody.get('sales/orders');
      await quiet.close();
      expect([more, other.bodies]).toEqual([more, []]);
    }
    await other.close();
  });

  it('hold up neither requests nor the end of the house when no collector is there', async () => {
    const gone = await Collector.open();
    await gone.close();
    const alone = await House.over(null, house.urls, json(gone.url));
    expect((await alone.nobody.get('sales/orders')).status).toBe(401);
    await sleep(200);
    const ended = performance.now();
    await alone.close();
    expect((performance.now() - ended) / 1_000).toBeLessThan(10);
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL must be one of'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
      'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL that begins with http://',
    ],
    [{ OTEL_TRACES_SAMPLER_ARG: '2' }, 'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1'],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' }, 'OTEL_RESOURCE_ATTRIBUTES must be name=value pairs'],
  ])('refuse %j with a clear line', async (env, line) => {
    await expect(bootstrap.readBlueprint(env as Record<string, string>)).rejects.toThrow(line);
  });
});

/** What is off is not even loaded. */
describe('a server without metrics and traces', () => {
  const SPY = `import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) {
      const [name] = /node_modules\\/(prom-client|@opentelemetry\\/[\\w-]+)/.exec(url) ?? [];
      if (name) process.stdout.write('LOADED ' + name + '\\n');
      return next(url, context);
    } });`;

  it('loads neither of them, and both when they are on; its log names the trace', async () => {
    const name = `traces_${randomBytes(6).toString('hex')}`;
    const urls = await makeDatabase(name, 'demo');
    const collector = await Collector.open();
    const start = async (env: Record<string, string>): Promise<string> => {
      const server = runServer({
        ...{ DATABASE_URL: urls.application, DATABASE_OWNER_URL: urls.owner, ...env },
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(SPY)}`,
      });
      const url = ((await server.until(READY))[1] ?? '').replace('localhost', '127.0.0.1');
      await signIn(url, 'admin', DEMO_PASSWORD);
      return (await server.end('SIGTERM')).output;
    };
    const off = await start({});
    expect(off).not.toContain('LOADED');
    expect(off).not.toContain('traceId');
    const on = await start({ ...json(collector.url), METRICS_BIND: '127.0.0.1:0' });
    expect(on).toContain('LOADED node_modules/prom-client');
    expect(on).toContain('LOADED node_modules/@opentelemetry/sdk-trace');
    const traceId = /"traceId":"([0-9a-f]{32})"[^\n]*"path":"\/api\/v1\/auth\/login"/.exec(on)?.[1];
    expect(collector.spans.map((span) => span.traceId)).toContain(traceId);
    await collector.close();
    await dropDatabase(name);
  });
});
