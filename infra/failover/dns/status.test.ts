import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Failover } from './config.js';
import { readStatus, statusLines } from './status.js';
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

  it('says that nobody holds it, and which agent did not answer', async () => {
    const broken = await agent(true, 'MASTER', 500);
    const { lines } = await tell([NOBODY, broken]);
    expect(lines).toContain(`  ${VIP.padEnd(24)}held by nobody`);
    expect(lines.find((line) => line.includes(`VRRP agent ${hostOf(NOBODY)}:`))).toBeDefined();
    expect(lines).toContain(`  VRRP agent ${hostOf(broken)}: answers 500`);
    expect(lines.find((line) => line.includes('etcd: '))).toBeDefined();
  });
});
