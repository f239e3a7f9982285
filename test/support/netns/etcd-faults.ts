import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../until.js';
import { MEMBERS } from './cluster.js';
import type { MemberName } from './cluster.js';
import { othersOf, primary } from './fault.js';
import type { Fault } from './fault.js';
import type { HaLab } from './lab.js';

/** Longer than an election of etcd may take: two to four seconds. */
const ELECTED_MS = 8_000;

/** What befalls etcd. A minority of it is never noticed by a payment, whichever member it is. */
export const ETCD_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'etcd on the host of the primary killed', expect: 'serves on' },
    ...{ paySeconds: 10, stays: true },
    inject: async (lab) => {
      const member = await primary(lab);
      await lab.cluster.etcdOf(member).end('SIGKILL');
      return () => lab.cluster.startEtcd(member);
    },
  },
  {
    ...{ name: 'leader of etcd killed, three times one after the other', quick: true },
    ...{ expect: 'serves on', paySeconds: 10, stays: true },
    inject: async (lab) => {
      await seatedElsewhere(lab);
      const since = Date.now();
      for (let n = 0; n < 3; n += 1) {
        const member = await seatedElsewhere(lab);
        await lab.cluster.etcdOf(member).end('SIGKILL');
        await sleep(ELECTED_MS);
        lab.cluster.startEtcd(member);
        await healthy(lab);
      }
      return { since, heal: () => undefined };
    },
  },
  {
    ...{ name: 'leader of etcd frozen (SIGSTOP)' },
    ...{ expect: 'serves on', paySeconds: 10, stays: true },
    inject: async (lab) => {
      const member = await seatedElsewhere(lab);
      const since = Date.now();
      const etcd = lab.cluster.etcdOf(member);
      process.kill(etcd.pid, 'SIGSTOP');
      return { since, heal: () => void process.kill(etcd.pid, 'SIGCONT') };
    },
  },
  {
    ...{ name: 'majority of etcd killed', expect: 'writes wait', paySeconds: null },
    inject: async (lab) => {
      const others = othersOf(await primary(lab));
      for (const member of others) await lab.cluster.etcdOf(member).end('SIGKILL');
      return () => others.forEach((member) => lab.cluster.startEtcd(member));
    },
  },
];

/** Waits until guards have moved etcd's leader off the primary's host. @returns where it is */
async function seatedElsewhere(lab: HaLab): Promise<MemberName> {
  const leads = await primary(lab);
  let seat: MemberName | undefined;
  await until('the leader of etcd is on another host than the primary', async () => {
    seat = await etcdLeader(lab);
    return seat !== undefined && seat !== leads;
  });
  if (!seat) throw new Error('etcd has no leader.');
  return seat;
}

async function etcdLeader(lab: HaLab): Promise<MemberName | undefined> {
  const { output } = await lab.cluster.etcdctl(['endpoint', 'status', '--write-out', 'json']);
  const told = JSON.parse(output) as {
    Endpoint: string;
    Status: { header: { member_id: number }; leader: number };
  }[];
  const seat = told.find(({ Status }) => Status.header.member_id === Status.leader);
  return MEMBERS.find((member) => seat?.Endpoint.startsWith(`${lab.network.addressOf(member)}:`));
}

async function healthy(lab: HaLab): Promise<void> {
  await until('every member of etcd is healthy', async () => {
    const { code } = await lab.cluster.etcdctl(['endpoint', 'health']);
    return code === 0;
  });
}
