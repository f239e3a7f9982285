import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { played, until } from '#test';
import type { Failover } from './config.js';
import { keysOf } from './keys.js';
import { Observer } from './observer.js';
import type { Sighting } from './observer.js';

const NOBODY = 'http://127.0.0.1:1';

/** What one observer says over an etcd and two sites that are played. */
describe('an observer', () => {
  const keys = keysOf('/ofitec');
  let etcd: played.PlayedEtcd;
  let site: Server;
  /** How site a answers. */
  let status: number;
  let failover: Failover;

  beforeEach(async () => {
    etcd = await played.PlayedEtcd.open();
    status = 200;
    site = createServer((request, response) => {
      const nonce = new URL(request.url ?? '', NOBODY).searchParams.get('nonce');
      response.writeHead(status).end(JSON.stringify({ nonce }));
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const readyUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}/health/ready`;
    failover = {
      ...{ name: 'north', record: 'app.example.test', zone: 'example.test', families: ['A'] },
      ...{ ttlSeconds: 30, observers: ['north'], quorum: 1, addresses: [], authoritative: [] },
      sites: [
        { name: 'a', addresses: ['192.0.2.1'], readyUrl, patroniUrls: [] },
        { name: 'b', addresses: ['192.0.2.2'], readyUrl: `${NOBODY}/`, patroniUrls: [] },
      ],
      ...{ etcd: { endpoints: [etcd.url], timeoutMs: 2_000 }, prefix: '/ofitec' },
      ...{ prometheusUrl: null, auditFile: null },
      provider: { kind: 'route53', zoneId: 'none' },
      policy: {
        ...{ lookEveryMs: 50, lookTimeoutMs: 4_100, windows: 3, leaseSeconds: 3 },
        ...{ holdDownSeconds: 60, flipsPerHour: 2, verifySeconds: 1, retryMaxSeconds: 15 },
        riseWindows: null,
      },
    };
  });

  afterEach(async () => {
    await etcd.close();
    site.closeAllConnections();
    await new Promise((resolve) => site.close(resolve));
  });

  const said = (name: string): Sighting | null =>
    JSON.parse(etcd.get(keys.observation('north', name)) ?? 'null') as Sighting | null;

  /** Runs it for as long as a test needs it. */
  async function running(during: () => Promise<void>): Promise<void> {
    const stopping = new AbortController();
    const run = new Observer(failover).run(stopping.signal);
    try {
      await during();
    } finally {
      stopping.abort();
      await run;
    }
  }

  const streak = (name: string): number => said(name)?.streak ?? 0;

  it('counts looks in a row that came to the same, and begins anew with another', async () => {
    const one = new Observer(failover);
    const look = async (): Promise<unknown[]> =>
      (await one.lookAround()).map(({ site: name, verdict, streak: times }) => [name, verdict, times].join(' ')); // prettier-ignore
    expect(await look()).toEqual(['a HEALTHY 1', 'b UNHEALTHY 1']);
    expect(await look()).toEqual(['a HEALTHY 2', 'b UNHEALTHY 2']);
    status = 500;
    expect(await look()).toEqual(['a UNKNOWN 1', 'b UNHEALTHY 3']);
    status = 200;
    expect(await look()).toEqual(['a HEALTHY 1', 'b UNHEALTHY 4']);
  });

  it('says with what it saw, and that it meets nobody where it meets nobody', async () => {
    const [first] = await new Observer(failover).lookAround();
    expect(first).toEqual({
      ...{ site: 'a', verdict: 'HEALTHY', writable: true, streak: 1 },
      ...{ reason: 'ready, with the nonce' },
      evidence: { look: 'ready', gate: 'unasked', primary: 'unasked' },
    });
    const [, b] = failover.sites;
    const cut = { ...failover, sites: failover.sites.map((each) => ({ ...each, readyUrl: b?.readyUrl ?? '' })) }; // prettier-ignore
    const alone = await new Observer(cut).lookAround();
    expect(alone).toMatchObject(
      ['a', 'b'].map((name) => ({ site: name, verdict: 'UNKNOWN', writable: null, reason: 'this observer meets no site', evidence: { look: 'dead' } })),
    ); // prettier-ignore
  });

  it('knows nothing where its Prometheus does not', async () => {
    const all = await new Observer({ ...failover, prometheusUrl: NOBODY }).lookAround();
    expect(all).toMatchObject([
      { site: 'a', verdict: 'UNKNOWN', reason: 'ready, Prometheus does not know' },
      { site: 'b', verdict: 'UNKNOWN', reason: 'dead, Prometheus does not know' },
    ]);
  });

  it('tells each look while it lives: what it says ends three looks after the last, and with it', async () => {
    await running(async () => {
      await until('it has said it three times', () => streak('a') >= 3);
      expect(said('b')).toMatchObject({ site: 'b', verdict: 'UNHEALTHY' });
      // Three times the longer of the two, a look or its patience.
      for (const name of ['a', 'b']) expect(etcd.secondsOf(keys.observation('north', name))).toBe(13); // prettier-ignore
      expect(etcd.leases.size).toBe(1);
      expect(etcd.asked.filter((path) => path === 'lease/grant')).toHaveLength(1);
    });
    expect([said('a'), said('b'), etcd.leases.size]).toEqual([null, null, 0]);
  });

  it('has a lease of three seconds at least', async () => {
    failover = { ...failover, policy: { ...failover.policy, lookTimeoutMs: 100 } };
    await running(async () => {
      await until('it has said it', () => said('a') !== null);
      expect(etcd.secondsOf(keys.observation('north', 'a'))).toBe(3);
    });
  });

  it('takes another lease where its own has ended, and goes on where etcd was away', async () => {
    await running(async () => {
      await until('it has said it', () => said('a') !== null);
      etcd.expire(keys.observation('north', 'a'));
      await until('it has said it again', () => said('a') !== null && said('b') !== null);
      // Under a lease that lives: etcd takes nothing under one that has ended.
      expect(etcd.secondsOf(keys.observation('north', 'a'))).toBe(13);
      etcd.mode = 'lost';
      const asked = etcd.asked.length;
      await until('it has met it', () => etcd.asked.length > asked + 1);
      const before = streak('a');
      etcd.mode = 'well';
      await until('it goes on', () => streak('a') > before + 1);
      // It has looked all the time: nothing begins anew.
      expect(streak('a')).toBeGreaterThan(3);
    });
  });
});
