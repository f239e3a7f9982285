import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'node:http';
import { alerts, House, kernel } from '#test';
import type { Client, Receiver } from '#test';

const BURST = 10_000;
const LANES = 40;

/** Everything fails at once, and the operator hears of it three times, not ten thousand. */
describe('a storm of server errors', () => {
  let house: House;
  let admin: Client;
  let receiver: Receiver;
  let worker: { stop: () => Promise<void> };

  beforeAll(async () => {
    receiver = await alerts.Receiver.open();
    house = await House.open({ ALERT_PRIVATE_HOSTS: '127.0.0.1' });
    admin = await house.as('admin');
    worker = await alerts.startWorker(house);
    await admin.post('operational-alerts/subscriptions', {
      ...{ name: 'storm', channel: 'webhook', address: `${receiver.url}/storm` },
      groupWaitSeconds: 2,
    });
    // Ten thousand stacks in the log are of no use to anybody who reads this test's output.
    kernel.setLogLevel('silent');
  });

  afterAll(async () => {
    kernel.setLogLevel('error');
    await worker.stop();
    await receiver.close();
  });

  async function burst(paths: readonly string[], count: number): Promise<Map<number, number>> {
    const agent = new Agent({ keepAlive: true, maxSockets: LANES });
    const statuses = new Map<number, number>();
    const send = (path: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${admin.token}` };
        request(`${house.url}/api/v1/${path}`, { agent, headers }, (response) => {
          const status = response.statusCode ?? 0;
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          response.resume().on('end', () => resolve());
        })
          .on('error', reject)
          .end();
      });
    let sent = 0;
    const lane = async (): Promise<void> => {
      while (sent < count) {
        sent += 1;
        await send(paths[sent % paths.length] ?? '');
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    agent.destroy();
    return statuses;
  }

  async function errors(): Promise<Record<string, never>[]> {
    const path = 'operational-alerts/alerts?type=http.server_error&limit=200';
    return (await admin.get(path)).body.items;
  }

  it('of three kinds is three alerts, each with one example, and two messages', async () => {
    const tables = ['sales_service', 'sales_customer', 'base_register'];
    const revoke = `REVOKE SELECT ON ${tables.join(', ')} FROM ofitec_app`;
    await house.rows('owner', revoke);
    const paths = ['sales/services', 'sales/customers', 'base/registers'];
    const statuses = await burst(paths, BURST);
    await house.rows('owner', `GRANT SELECT ON ${tables.join(', ')} TO ofitec_app`);
    expect([...statuses]).toEqual([[500, BURST]]);
    await alerts.countErrors(house);

    const found = await errors();
    const counts = found.map(({ label, occurrences }) => [label, occurrences]).sort();
    expect(counts.map(([label]) => label)).toEqual([
      ...[
        'GET /api/v1/base/registers',
        'GET /api/v1/sales/customers',
        'GET /api/v1/sales/services',
      ],
    ]);
    expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(BURST);
    for (const { details, state, severity } of found) {
      expect({ state, severity }).toEqual({ state: 'open', severity: 'critical' });
      expect(JSON.stringify(details)).toMatch(/permission denied for table/);
      expect(JSON.stringify(details).length).toBeLessThan(4_000);
    }
    // One event an alert: what was counted leaves no further trace.
    const { items } = (await admin.get('audit/events?action=alert.opened&limit=200')).body;
    expect(items).toHaveLength(3);

    const told = (): { items: { type: string }[] }[] =>
      receiver.bodies('/storm').map(({ data }) => data);
    const tellings = (): number => told().flatMap(({ items: each }) => each).length;
    await alerts.eventually(() => tellings() === 3, 'three alerts told');
    expect(told().length).toBeLessThanOrEqual(2);
  }, 180_000);

  it('costs one row a kind and second, however many errors come in it', async () => {
    const writes = async (): Promise<number> => {
      const [row] = await house.rows<{ version: number }>(
        'owner',
        `SELECT sum(version)::integer AS version FROM operational_alerts_alert
         WHERE type = 'http.server_error'`,
      );
      return row?.version ?? 0;
    };
    const before = await writes();
    const faults = house.app.get(kernel.Faults);
    const started = Date.now();
    for (let count = 0; count < BURST; count += 1) {
      const [method, route, requestId] = ['GET', '/api/v1/made/:id', kernel.newId()];
      const error = new Error(`row ${count} of "${kernel.newId()}" is broken`);
      faults.serverError({ at: new Date(), method, route, requestId, error });
    }
    await alerts.countErrors(house);
    const seconds = Math.ceil((Date.now() - started) / 1000) + 1;
    const found = (await errors()).filter(({ label }) => label === 'GET /api/v1/made/:id');
    expect(found.map(({ occurrences }) => occurrences)).toEqual([BURST]);
    expect((await writes()) - before).toBeLessThanOrEqual(seconds);
    // The example is told without its values: whose row it was is nobody's business here.
    expect(JSON.stringify(found[0]?.['details'])).toContain('"Error: row … of … is broken');
  });

  it('of ever new kinds is bounded, too: the further ones are counted together', async () => {
    const faults = house.app.get(kernel.Faults);
    for (let count = 0; count < 1_000; count += 1) {
      const route = `/api/v1/new/${String.fromCharCode(97 + (count % 26))}${Math.floor(count / 26)}`;
      const error = new Error('new');
      faults.serverError({ at: new Date(), method: 'GET', route, requestId: 'none', error });
    }
    await alerts.countErrors(house);
    const news = (await errors()).filter(({ label }) => String(label).includes('/new/'));
    expect(news.length).toBeLessThanOrEqual(100);
    const others = (await errors()).find(({ label }) => label === 'further errors');
    expect(Number(others?.['occurrences'])).toBeGreaterThanOrEqual(900);
  });

  it('of ever new keys over hours is bounded: a type has a thousand alerts at once', async () => {
    await house.rows(
      'owner',
      `INSERT INTO operational_alerts_alert (id, company_id, created_at, updated_at, version, type,
         key, fingerprint, scope, severity, state, label, details, causes, occurrences, regressions,
         good_signs, first_seen_at, last_seen_at, opened_at)
       SELECT gen_random_uuid(), $1, now(), now(), 1, 'backup.missing', 'key ' || n, md5(n::text),
         'installation', 'info', 'open', 'past', '{}', '[]', 1, 0, 0, now(), now(), now()
       FROM generate_series(1, 999) AS n`,
      { values: [await alerts.operatorOf(house)] },
    );
    const keys = ['last', 'further', 'last', 'one more'];
    for (const key of keys) await alerts.occur(house, 'backup.missing', key);
    const path = 'operational-alerts/alerts?type=backup.missing&severity=critical&limit=200';
    const { items } = (await admin.get(path)).body as { items: Record<string, unknown>[] };
    expect(items.map(({ key, occurrences }) => [key, occurrences]).sort()).toEqual([
      ['(others)', 2],
      ['last', 2],
    ]);
  });
});
