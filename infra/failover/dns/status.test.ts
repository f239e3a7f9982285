import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Failover } from './config.js';
import { played } from '#test';
import { keysOf } from './keys.js';
import { readStatus, statusLines } from './status.js';
import type { Status } from './status.js';
import { Zone } from './zone.js';

const VIP = '10.0.0.100';
const NOBODY = 'http://127.0.0.1:1';

/** What `ofitec failover status` tells of virtual addresses, by the agents that are asked. */
describe('the status of a virtual address', () => {
  const servers: Server[] = [];

  afterEach(() => servers.splice(0).forEach((each) => each.close()));

  /** An agent's answer at `/status`. @returns its address */
  async function agent(holds: boolean, state: string, status = 200): Promise<string> {
    const server = createServer((request, response) => {
      const found = request.url === '/status' ? status : 404;
      const said = { address: VIP, holds, state, since: '2026-11-22T10:00:00.000Z' };
      response.writeHead(found).end(JSON.stringify(said));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function tell(agents: readonly string[]): Promise<{ lines: string[]; holders: string[] }> {
    const zone = { zone: 'example.test', record: 'app.example.test', families: ['A'] } as const;
    const server = { host: '127.0.0.1', port: 1 };
    const failover: Failover = {
      ...{ name: 'person', ...zone, ttlSeconds: 30, sites: [], observers: [], quorum: 2 },
      ...{ addresses: [{ address: VIP, agents }], prefix: '/ofitec', authoritative: [server] },
      etcd: { endpoints: [NOBODY], timeoutMs: 500 },
      provider: { kind: 'route53', zoneId: 'none' },
      policy: {
        ...{ lookEveryMs: 300, lookTimeoutMs: 300, windows: 3, leaseSeconds: 3, riseWindows: 3 },
        ...{ holdDownSeconds: 60, flipsPerHour: 2, verifySeconds: 1, failback: 'manual' },
        retryMaxSeconds: 15,
      },
      ...{ prometheusUrl: null, auditFile: null },
    };
    const authority = new Zone({ ...zone, authoritative: [server], timeoutMs: 500 });
    const status = await readStatus(failover, authority);
    return { lines: statusLines(status), holders: [...(status.addresses[0]?.holders ?? [])] };
  }

  const hostOf = (url: string): string => new URL(url).host;

  it('names its holder, and what keepalived says on each host', async () => {
    const [one, two] = [await agent(true, 'MASTER'), await agent(false, 'BACKUP')];
    const { lines, holders } = await tell([one, two]);
    expect(holders).toEqual([hostOf(one)]);
    expect(lines).toContain('Virtual addresses');
    expect(lines).toContain(`  ${VIP.padEnd(24)}held by ${hostOf(one)}`);
    expect(lines).toContain(`    ${hostOf(two).padEnd(22)}BACKUP  since 2026-11-22T10:00:00.000Z`);
  });

  it('cries when two hold it', async () => {
    const [one, two] = [await agent(true, 'MASTER'), await agent(true, 'MASTER')];
    const { lines } = await tell([one, two]);
    expect(lines).toContain(`  ${VIP.padEnd(24)}held by ${hostOf(one)}, ${hostOf(two)}  TWO HOLDERS`); // prettier-ignore
  });

  it('says that nobody holds it only where all answer', async () => {
    const { lines } = await tell([await agent(false, 'FAULT'), await agent(false, 'BACKUP')]);
    expect(lines).toContain(`  ${VIP.padEnd(24)}held by nobody`);
  });

  it('does not know who holds it, and says which agent did not answer', async () => {
    const broken = await agent(true, 'MASTER', 500);
    const { lines } = await tell([NOBODY, broken]);
    expect(lines).toContain(`  ${VIP.padEnd(24)}not known: an agent does not answer`);
    expect(lines).toContain(`    ${hostOf(broken).padEnd(22)}does not answer`);
    expect(lines.find((line) => line.includes(`VRRP agent ${hostOf(NOBODY)}:`))).toBeDefined();
    expect(lines).toContain(`  VRRP agent ${hostOf(broken)}: answers 500`);
    expect(lines.find((line) => line.includes('etcd: '))).toBeDefined();
  });
});

const RECORD = 'app.example.test';
const ZONE = { zone: 'example.test', record: RECORD, families: ['A'] } as const;
const BLACK_HOLE_MS = 600;

/** Every part of the screen, each from who knows it; and what it says when these are not to be had. */
describe('the status of all', () => {
  let etcd: played.PlayedEtcd;
  let names: played.PlayedNameServer[];
  let patronis: played.PlayedPatroni[];
  let agent: played.PlayedPatroni;
  let failover: Failover;
  const keys = keysOf('/ofitec');

  beforeEach(async () => {
    etcd = await played.PlayedEtcd.open();
    names = [await played.PlayedNameServer.open(), await played.PlayedNameServer.open()];
    patronis = await Promise.all([1, 2, 3, 4].map(async () => played.PlayedPatroni.open()));
    agent = await played.PlayedPatroni.open();
    for (const name of names) name.say(RECORD, '192.0.2.1', 'ofitec-failover epoch=7 site=a');
    agent.self = { address: VIP, holds: true, state: 'MASTER', since: '2026-11-22T10:00:00.000Z' };
    for (const patroni of patronis) {
      patroni.members = [
        { name: 'pg3', role: 'replica', state: 'starting', lag: 'unknown' },
        { name: 'pg1', role: 'leader', state: 'running', timeline: 3 },
        { name: 'pg2', role: 'sync_standby', state: 'streaming', timeline: 3, lag: 128 },
      ];
    }
    failover = {
      ...{ name: 'person', ...ZONE, ttlSeconds: 30, observers: ['north', 'south', 'east'] },
      sites: [
        { name: 'a', addresses: ['192.0.2.1'], readyUrl: NOBODY, patroniUrls: patronis.map(({ url }) => url) },
        { name: 'b', addresses: ['192.0.2.2'], readyUrl: NOBODY, patroniUrls: [] },
      ],
      ...{ quorum: 2, addresses: [{ address: VIP, agents: [agent.url] }], prefix: '/ofitec' },
      ...{ etcd: { endpoints: [etcd.url], timeoutMs: BLACK_HOLE_MS }, authoritative: names.map(({ at }) => at) },
      provider: { kind: 'route53', zoneId: 'none' },
      policy: {
        ...{ lookEveryMs: 300, lookTimeoutMs: 300, windows: 3, leaseSeconds: 3, riseWindows: null },
        ...{ holdDownSeconds: 60, flipsPerHour: 2, verifySeconds: 1, retryMaxSeconds: 15 },
      },
      ...{ prometheusUrl: null, auditFile: null },
    }; // prettier-ignore
    etcd.put(keys.leader, JSON.stringify({ name: 'decider-1', lease: '1' }));
    const said = { verdict: 'HEALTHY', streak: 4, writable: true, reason: 'ready, with the nonce' };
    for (const observer of ['north', 'south']) etcd.put(keys.observation(observer, 'a'), JSON.stringify(said)); // prettier-ignore
    etcd.put(keys.flip(5), '{}');
    const flip = { at: '2026-11-22T09:00:00.000Z', by: 'decider-1', action: 'flip', from: 'b', to: 'a', outcome: 'written', reason: '2 observers say b is dead' }; // prettier-ignore
    etcd.put(keys.lastChange, JSON.stringify(flip));
  });

  afterEach(async () => {
    for (const each of [etcd, ...names, ...patronis, agent]) await each.close();
  });

  async function look(change: Partial<Failover> = {}): Promise<{ status: Status; lines: string[] }> {
    const all = { ...failover, ...change };
    const zone = new Zone({ ...ZONE, authoritative: all.authoritative, timeoutMs: BLACK_HOLE_MS });
    const status = await readStatus(all, zone);
    return { status, lines: statusLines(status) };
  } // prettier-ignore

  it('has roles, lag, timeline, who decides, epoch, holder, answers, the last flip and why', async () => {
    const { status, lines } = await look();
    expect(lines).toEqual([
      'name              app.example.test',
      'points to         a',
      'epoch             7',
      'decider           decider-1',
      'kill switch       off',
      'hold-down         no',
      'flips in the hour 1',
      'provider          no failure known',
      'last change       2026-11-22T09:00:00.000Z  b → a  written, by decider-1: 2 observers say b is dead',
      '',
      'a  192.0.2.1  HEALTHY, writable',
      '  north         HEALTHY       4 ×  ready, with the nonce',
      '  south         HEALTHY       4 ×  ready, with the nonce',
      '  east          says nothing',
      '  pg1           leader         running    timeline 3  lag –',
      '  pg2           sync_standby   streaming  timeline 3  lag 128',
      '  pg3           replica        starting   timeline ?  lag ?',
      '',
      'b  192.0.2.2  UNKNOWN',
      ...['north', 'south', 'east'].map((each) => `  ${each.padEnd(14)}says nothing`),
      '',
      'Virtual addresses',
      `  ${VIP.padEnd(24)}held by ${new URL(agent.url).host}`,
      `    ${new URL(agent.url).host.padEnd(22)}MASTER  since 2026-11-22T10:00:00.000Z`,
      '',
      'Name servers',
      ...names.map(({ at }) => `  ${`127.0.0.1:${at.port}`.padEnd(24)}192.0.2.1  ttl 30  epoch 7`),
    ]);
    expect(status).toMatchObject({
      ...{ record: RECORD, active: 'a', epoch: 7, decider: 'decider-1', frozen: null },
      ...{ heldDown: false, flipsLastHour: 1, decision: null, trouble: null, faults: [] },
      answered: { etcd: true, nameServers: true },
      lastChange: { to: 'a', reason: '2 observers say b is dead' },
      addresses: [{ address: VIP, holders: [new URL(agent.url).host] }],
      sites: [{ site: 'a', writable: true, votes: { HEALTHY: 2, UNHEALTHY: 0, UNKNOWN: 0 }, members: [{ name: 'pg1', role: 'leader', lagBytes: null, timeline: 3 }, { lagBytes: 128 }, { lagBytes: null, timeline: null }] }, { site: 'b' }],
    }); // prettier-ignore
  });

  it('says that it is frozen and why, held down, and what was begun and not finished', async () => {
    etcd.put(keys.frozen, 'moving house (ana@one)');
    etcd.put(keys.holdDown, '{}');
    etcd.put(keys.decision, JSON.stringify({ by: 'decider-2', from: 'a', to: 'b', reason: 'a is dead', over: 7, state: 'decided' })); // prettier-ignore
    const { status, lines } = await look();
    expect(lines).toEqual(expect.arrayContaining([
      'kill switch       ON: moving house (ana@one)',
      'hold-down         yes',
      'under way         a → b, by decider-2: a is dead',
    ])); // prettier-ignore
    expect(status).toMatchObject({ frozen: 'moving house (ana@one)', heldDown: true });
    etcd.put(keys.decision, JSON.stringify({ by: 'decider-2', from: 'a', to: 'b', reason: 'a is dead', over: 7, state: 'written' })); // prettier-ignore
    etcd.delete(keys.leader);
    const after = await look();
    expect(after.lines.some((line) => line.startsWith('under way'))).toBe(false);
    expect(after.lines).toContain('decider           nobody holds the lease');
  });

  it('says since when the provider fails the decider, why, how often, and when it is asked again', async () => {
    const trouble = { by: 'decider-1', since: '2026-11-22T10:00:00.000Z', failures: 3, error: 'The name server answers REFUSED to the update.', nextAt: '2026-11-22T10:00:19.000Z' }; // prettier-ignore
    etcd.put(keys.trouble, JSON.stringify(trouble));
    const { status, lines } = await look();
    expect(status.trouble).toEqual(trouble);
    expect(lines).toContain(
      'provider          FAILS since 2026-11-22T10:00:00.000Z, 3 times in a row, asked by decider-1: The name server answers REFUSED to the update.; asked again at 2026-11-22T10:00:19.000Z or when something changes',
    );
    etcd.put(keys.trouble, JSON.stringify({ ...trouble, failures: 1 }));
    expect((await look()).lines.some((line) => line.includes(', once, '))).toBe(true);
    etcd.put(keys.trouble, 'nonsense');
    // What is damaged takes nothing else along.
    etcd.put(keys.lastChange, 'nonsense');
    etcd.put(keys.leader, '{');
    etcd.put(keys.observation('north', 'a'), '');
    expect((await look()).status).toMatchObject({ trouble: null, lastChange: null, decider: null, active: 'a', sites: [{ votes: { HEALTHY: 1 }, silent: ['north', 'east'] }, {}] }); // prettier-ignore
  });

  it('waits for nobody for long, and calls nothing off or absent that it does not know', async () => {
    etcd.mode = 'silent';
    for (const each of names) each.isSilent = true;
    for (const each of [...patronis, agent]) each.isSilent = true;
    const began = performance.now();
    const { status, lines } = await look();
    // Two seconds, and as long for any number of members: one after another they would take eight.
    expect(performance.now() - began).toBeLessThan(6_000);
    const unknown = 'not known: etcd does not answer';
    expect(lines.slice(0, 9)).toEqual([
      'name              app.example.test',
      'points to         not known: no name server answers',
      'epoch             not known: no name server answers',
      ...['decider', 'kill switch', 'hold-down', 'flips in the hour', 'provider', 'last change'].map((name) => name.padEnd(18) + unknown),
    ]); // prettier-ignore
    expect(status).toMatchObject({
      active: null,
      epoch: null,
      heldDown: null,
      flipsLastHour: null,
    });
    expect(status.answered).toEqual({ etcd: false, nameServers: false });
    expect(lines).toContain(`a  192.0.2.1  ${unknown}`);
    expect(status.sites[0]).toMatchObject({ writable: null, votes: null, said: [], silent: null });
    expect(status.faults).toEqual([...status.faults].sort());
    const host = ({ url }: { url: string }): string => new URL(url).host;
    expect(status.faults.map((fault) => fault.replace(/: .*/, '')).sort()).toEqual(
      ['etcd', `VRRP agent ${host(agent)}`, ...patronis.map((each) => `Patroni ${host(each)}`)].sort(),
    ); // prettier-ignore
    expect(lines).toContain('Not answered, or contradictory');
    for (const { at } of names) {
      expect(lines).toContain(`  ${`127.0.0.1:${at.port}`.padEnd(24)}127.0.0.1:${at.port} did not answer within ${BLACK_HOLE_MS} ms`); // prettier-ignore
    }
  });

  it('goes on without the parts that are down, one by one', async () => {
    etcd.mode = 'lost';
    expect((await look()).status).toMatchObject({ active: 'a', epoch: 7, answered: { etcd: false, nameServers: true } }); // prettier-ignore
    etcd.mode = 'well';
    for (const each of patronis.slice(0, 3)) each.status = 500;
    const { status } = await look();
    expect([status.sites[0]?.members.length, status.faults.length]).toEqual([3, 3]);
    expect(status.faults).toContain(`Patroni ${new URL(patronis[0]?.url ?? '').host}: answers 500`);
    for (const each of names) each.rcode = 2;
    expect((await look()).lines).toContain('points to         not known: no name server answers');
  });

  it('says when name servers differ, and when members name two leaders: the later one is shown', async () => {
    names[1]?.say(RECORD, '192.0.2.2', 'ofitec-failover epoch=8 site=b');
    const [, second] = patronis;
    if (second) second.members = [{ name: 'pg2', role: 'primary', state: 'running', timeline: 4 }];
    const { status, lines } = await look();
    expect(lines.slice(1, 3)).toEqual(['points to         no site, or the servers differ', 'epoch             the servers differ']); // prettier-ignore
    expect(status.sites[0]?.members).toMatchObject([{ name: 'pg2', timeline: 4 }]);
    expect(status.faults).toEqual([expect.stringMatching(/^a: its members differ on who leads: .*says pg1, .*says pg2/)]); // prettier-ignore
  });

  it.each(['leader', 'standby_leader', 'master', 'primary'])('knows that a %s is behind nobody', async (role) => {
    for (const patroni of patronis) patroni.members = [{ name: 'pg9', role, state: 'running', timeline: 3 }];
    const { status, lines } = await look();
    expect(lines).toContain(`  pg9           ${role.padEnd(15)}running    timeline 3  lag –`);
    expect(status.faults).toEqual([]);
  }); // prettier-ignore

  it('does not wait for resolvers that do not say who serves the zone', async () => {
    const hole = createSocket('udp4');
    await new Promise<void>((resolve) => hole.bind(0, '127.0.0.1', resolve));
    const { port } = hole.address();
    const resolvers = Array.from({ length: 8 }, () => `127.0.0.1:${port}`);
    const zone = new Zone({ ...ZONE, authoritative: [], timeoutMs: BLACK_HOLE_MS, resolvers });
    const began = performance.now();
    const status = await readStatus(failover, zone);
    expect(performance.now() - began).toBeLessThan(5 * BLACK_HOLE_MS);
    expect(status.faults).toEqual([expect.stringMatching(/^name servers: .*example\.test/)]);
    expect(status).toMatchObject({ active: null, decider: 'decider-1' });
    hole.close();
  });
});
