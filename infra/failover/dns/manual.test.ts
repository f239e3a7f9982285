import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { played } from '#test';
import type { AuditLine } from './audit.js';
import type { Failover } from './config.js';
import { keysOf } from './keys.js';
import { moveByHand } from './manual.js';
import type { ManualMove } from './manual.js';
import { Zone } from './zone.js';

const ZONE = { zone: 'example.test', record: 'app.example.test', families: ['A'] } as const;
const ADDRESSES: Readonly<Record<string, string>> = { a: '192.0.2.1', b: '192.0.2.2' };
const NOBODY = 'http://127.0.0.1:1';

/** What a person's command does over a provider, an etcd and a site that are played; with real ones in test/ops. */
describe('a move by hand', () => {
  const keys = keysOf('/ofitec');
  let etcd: played.PlayedEtcd;
  let name: played.PlayedNameServer;
  let world: played.PlayedProvider;
  let site: Server;
  let isReady: boolean;
  let failover: Failover;

  beforeEach(async () => {
    etcd = await played.PlayedEtcd.open();
    name = await played.PlayedNameServer.open();
    world = new played.PlayedProvider(ZONE.record, ADDRESSES, [name]);
    isReady = true;
    site = createServer((request, response) => {
      const nonce = new URL(request.url ?? '', NOBODY).searchParams.get('nonce');
      response.writeHead(isReady ? 200 : 503).end(JSON.stringify({ nonce }));
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const readyUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}/health/ready`;
    failover = {
      ...{ name: 'person', ...ZONE, ttlSeconds: 30, observers: ['north'], quorum: 1, addresses: [] },
      sites: [
        { name: 'a', addresses: ['192.0.2.1'], readyUrl: `${NOBODY}/`, patroniUrls: [] },
        { name: 'b', addresses: ['192.0.2.2'], readyUrl, patroniUrls: [] },
      ],
      ...{ etcd: { endpoints: [etcd.url], timeoutMs: 500 }, prefix: '/ofitec' },
      ...{ authoritative: [name.at], prometheusUrl: null, auditFile: null },
      provider: { kind: 'route53', zoneId: 'none' },
      policy: {
        ...{ lookEveryMs: 200, lookTimeoutMs: 2_000, windows: 3, leaseSeconds: 3 },
        ...{ holdDownSeconds: 600, flipsPerHour: 2, verifySeconds: 1, retryMaxSeconds: 15 },
        riseWindows: null,
      },
    }; // prettier-ignore
  });

  afterEach(async () => {
    for (const each of [etcd, name]) await each.close();
    site.closeAllConnections();
    await new Promise((resolve) => site.close(resolve));
  });

  async function move(change: Partial<ManualMove> = {}): Promise<AuditLine> {
    const zone = new Zone({ ...ZONE, authoritative: [name.at], timeoutMs: 2_000 });
    const all = { to: 'b', reason: 'a burns', by: 'ana@one', force: false, dryRun: false, ...change }; // prettier-ignore
    return moveByHand(failover, world, zone, all);
  }

  it('writes a greater epoch over what stands, and tells the deciders to leave it there for a while', async () => {
    const line = await move();
    expect(line).toMatchObject({
      ...{ by: 'ana@one', action: 'manual', record: ZONE.record, from: 'a', to: 'b' },
      ...{ epoch: 8, overEpoch: 7, outcome: 'written', missingAt: [], reason: 'a burns' },
      shownBy: [`127.0.0.1:${name.at.port}`],
    });
    expect(world.written).toEqual([{ addresses: ['192.0.2.2'], mark: { epoch: 8, site: 'b' }, ttlSeconds: 30 }]); // prettier-ignore
    expect(etcd.secondsOf(keys.holdDown)).toBe(600);
    expect([keys.holdDown, keys.lastChange].map((key) => JSON.parse(etcd.get(key) ?? 'null') as unknown)).toEqual([line, line]); // prettier-ignore
  });

  it('does not lead to who is not well from here, unless somebody insists', async () => {
    isReady = false;
    await expect(move()).rejects.toThrow('From here b is UNKNOWN (answers, but is not ready), nor is it known to be writable. Insist with --force.'); // prettier-ignore
    expect([world.count.read, world.written]).toEqual([0, []]);
    expect((await move({ force: true })).outcome).toBe('written');
  });

  it('does not lead to who is well and only reads', async () => {
    const [a, b] = failover.sites;
    if (a && b) failover = { ...failover, sites: [a, { ...b, patroniUrls: [NOBODY] }] };
    await expect(move()).rejects.toThrow('From here b is HEALTHY (ready, with the nonce), nor is it known to be writable.'); // prettier-ignore
    expect(world.written).toEqual([]);
  });

  it('knows no site that is not in the file', async () => {
    await expect(move({ to: 'c', force: true })).rejects.toThrow('There is no site c; there are a, b.'); // prettier-ignore
  });

  it('writes nothing anywhere in a dry run', async () => {
    expect(await move({ dryRun: true })).toMatchObject({ outcome: 'dry-run', epoch: 8, to: 'b' });
    expect([world.written, etcd.asked]).toEqual([[], []]);
  });

  it('needs no etcd', async () => {
    etcd.mode = 'silent';
    expect(await move()).toMatchObject({ outcome: 'written' });
  });

  it('holds nobody down where it was refused', async () => {
    world.between = () => world.show({ epoch: 9, site: 'a' });
    expect(await move()).toMatchObject({ outcome: 'refused', epoch: 8, shownBy: [] });
    expect([etcd.get(keys.holdDown), etcd.get(keys.lastChange)]).toEqual([null, null]);
  });
});
