import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  bootstrap,
  Collector,
  foundSecondCompany,
  House,
  kernel,
  loyalty,
  makeDatabase,
  openSession,
  scrape,
  shop,
  takeOrder,
  until,
} from '#test';
import type { CollectedSpan } from '#test';

type Scraped = Awaited<ReturnType<typeof scrape>>;

const TOKEN = randomBytes(24).toString('base64url');
const POINTS = 'ofitec_acme_loyalty_points';
const HANDLER = 'acme-loyalty/Loyalty.reward';

/** What an integrator's addon adds to the metrics and traces, and what it cannot do to them. */
describe('a watched outside addon', () => {
  let collector: Collector;
  let house: House;

  beforeAll(async () => {
    collector = await Collector.open();
    const env = {
      OFITEC_ADDONS: resolve('dist/test/support/acme-loyalty/index.js'),
      METRICS_TOKEN: TOKEN,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    };
    const database = `watched_${randomBytes(6).toString('hex')}`;
    const urls = await makeDatabase(database, 'demo');
    const { available } = await bootstrap.readBlueprint(env);
    const addon = available.find(({ name }) => name === 'acme-loyalty');
    if (!addon) throw new Error('OFITEC_ADDONS brought no addon');
    const { Installation, kernelAddon } = kernel;
    await Installation.asOwner(
      { ownerUrl: urls.owner, kernel: kernelAddon, report: () => {} },
      (desk) => desk.install([addon]),
    );
    house = await House.over(database, urls, env);
    await foundSecondCompany(house);
    await house.app.get(kernel.Worker).start(urls.application);
  });

  afterAll(async () => {
    loyalty.spoilGauge(null);
    await house.app.get(kernel.Worker).stop();
    await collector.close();
  });

  /** Waits until a scrape says so: what it tells of the database is a second old at most. */
  async function scraped(isSo: (now: Scraped) => boolean): Promise<Scraped> {
    let now = await scrape(house, TOKEN);
    await until('a scrape says so', async () => {
      if (!isSo(now)) now = await scrape(house, TOKEN);
      return isSo(now);
    });
    return now;
  }

  it('has its deliveries counted, timed and traced by handler, failed tries apart', async () => {
    loyalty.refuseDeliveries(1);
    const encargada = await house.as('encargada');
    const centro = await shop(encargada);
    await openSession(encargada, centro.registerIds[0] ?? '');
    const { id: orderId } = await takeOrder(encargada, centro, 10);
    await encargada.pay('payments/payments', { orderId, method: 'cash', amount: 12_000 });
    const count = 'ofitec_work_duration_seconds_count';
    const work = { work: 'delivery', name: HANDLER };
    const seen = await scraped(
      (now) => (now.value(count, { ...work, outcome: 'succeeded' }) ?? 0) > 0,
    );
    expect(seen.value(count, { ...work, outcome: 'succeeded' })).toBe(1);
    expect(seen.value(count, { ...work, outcome: 'failed' })).toBe(1);
    const told = (): CollectedSpan[] =>
      collector.spans.filter(({ name }) => name === `delivery ${HANDLER}`);
    await until('both deliveries are collected', () => told().length >= 2);
    const deliveries = told();
    expect(deliveries.map(({ kind, status }) => [kind, status.code ?? 0])).toEqual([
      [5, 2],
      [5, 0],
    ]);
    for (const { traceId, spanId, attributes } of deliveries) {
      expect(attributes['ofitec.event']).toBe('payment.created');
      const inside = collector.spans.filter((span) => span.traceId === traceId);
      expect(
        inside.some(({ name, parentSpanId }) => name === 'transaction' && parentSpanId === spanId),
      ).toBe(true);
    }
    expect(collector.text).not.toContain('the loyalty server sleeps');
  });

  it('has its gauge read in every company and added up', async () => {
    await house.rows(
      'owner',
      `INSERT INTO acme_loyalty_point SELECT gen_random_uuid(), id, now(), gen_random_uuid(), 100 FROM kernel_company`,
    );
    await scraped((now) => now.value(POINTS) === 212);
  });

  it.each(['writes', 'labels', 'number', 'sleeps'] as const)(
    'has its gauge absent when it %s, and the others are there',
    async (fault) => {
      const errors = async (): Promise<number> =>
        (await scrape(house, TOKEN)).value('ofitec_scrape_errors_total', { source: POINTS }) ?? 0;
      const before = await errors();
      loyalty.spoilGauge(fault);
      const spoiled = await scraped((now) => now.all(POINTS).length === 0);
      expect(spoiled.all('ofitec_payments_unclosed_cash_sessions')).toHaveLength(2);
      expect(spoiled.value('ofitec_scrape_errors_total', { source: POINTS })).toBe(before + 1);
      loyalty.spoilGauge(null);
      // Nothing that it tried to write has happened.
      const mended = await scraped((now) => now.value(POINTS) !== null);
      expect(mended.value(POINTS)).toBe(212);
    },
  );
});
