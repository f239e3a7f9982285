import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { APPS } from './apps.js';
import { CLOCK_FAULTS } from './clock-faults.js';
import { ETCD_FAULTS } from './etcd-faults.js';
import { childrenOf, from, holder, othersOf, primary, pull, to } from './fault.js';
import type { Fault } from './fault.js';
import { HARDSHIPS } from './hardships.js';
import { MEMBERS } from './cluster.js';
import { SITE_FAULTS } from './site-faults.js';

const DATABASE = '{5432, 8008}';
const ETCD = '{2379, 2380}';

export const FAULTS: readonly Fault[] = [
  {
    ...{ name: 'OFITEC killed (SIGKILL)', quick: true },
    ...{ expect: 'address moves', moveSeconds: 5, paySeconds: 10 },
    inject: async (lab) => {
      const app = holder(lab);
      await lab.apps.serverOf(app).end('SIGKILL');
      return () => lab.apps.startServer(app);
    },
  },
  {
    ...{ name: 'OFITEC frozen (SIGSTOP)', quick: true },
    // The database takes the rows away that it froze upon after ten seconds.
    ...{ expect: 'address moves', moveSeconds: 5, paySeconds: 20 },
    inject: (lab) => {
      const { pid } = lab.apps.serverOf(holder(lab));
      process.kill(pid, 'SIGSTOP');
      return () => void process.kill(pid, 'SIGCONT');
    },
  },
  {
    ...{ name: 'OFITEC answers 500', expect: 'address moves', moveSeconds: 5, paySeconds: 10 },
    inject: async (lab) => {
      const app = holder(lab);
      await lab.apps.serverOf(app).end('SIGKILL');
      await lab.apps.startImpostor(app);
      return async () => {
        await lab.apps.serverOf(app).end('SIGKILL');
        await lab.apps.startServer(app);
      };
    },
  },
  {
    ...{
      name: 'OFITEC ends in an orderly way (SIGTERM)',
      expect: 'address moves',
      paySeconds: 5,
    },
    inject: (lab) => {
      const app = holder(lab);
      const ended = lab.apps.serverOf(app).end('SIGTERM');
      return async () => {
        await ended;
        await lab.apps.startServer(app);
      };
    },
  },
  {
    ...{ name: 'keepalived killed (SIGKILL)', quick: true },
    ...{ expect: 'address moves', moveSeconds: 5, paySeconds: 10 },
    inject: async (lab) => {
      const app = holder(lab);
      const { pid } = lab.apps.keepalivedOf(app);
      for (const child of childrenOf(pid)) process.kill(child, 'SIGKILL');
      process.kill(pid, 'SIGKILL');
      return () => undefined;
    },
  },
  {
    ...{ name: 'keepalived frozen (SIGSTOP)', expect: 'serves on', paySeconds: 5 },
    inject: (lab) => {
      const { pid } = lab.apps.keepalivedOf(holder(lab));
      const all = [pid, ...childrenOf(pid)];
      for (const each of all) process.kill(each, 'SIGSTOP');
      return () => all.forEach((each) => process.kill(each, 'SIGCONT'));
    },
  },
  {
    ...{
      name: 'the two OFITEC hosts do not hear each other',
      expect: 'serves on',
      paySeconds: 5,
    },
    inject: (lab) => {
      const [one, two] = APPS;
      lab.network.drop(one, { in: [from(lab, [two])], out: [to(lab, [two])] });
      return () => lab.network.heal(one);
    },
  },
  {
    ...{
      name: 'cable of the OFITEC host pulled',
      expect: 'address moves',
      moveSeconds: 5,
      paySeconds: 10,
    },
    inject: (lab) => pull(lab, holder(lab)),
  },
  {
    ...{ name: 'PostgreSQL killed (SIGKILL)', quick: true },
    // While Patroni is just changing the synchronous standby, nobody may take over: then it recovers and leads again.
    ...{ expect: 'primary moves', mayReturn: true, paySeconds: 10 },
    inject: async (lab) => {
      process.kill(lab.cluster.postmasterOf(await primary(lab)), 'SIGKILL');
      return () => undefined;
    },
  },
  {
    ...{ name: 'host of the primary dead (everything killed)', quick: true },
    ...{ expect: 'primary moves', paySeconds: 30 },
    inject: async (lab) => {
      const member = await primary(lab);
      lab.network.powerOff(member);
      return () => {
        lab.cluster.startEtcd(member);
        lab.cluster.startPatroni(member);
        lab.cluster.startGuard(member);
      };
    },
  },
  {
    ...{ name: 'cable of the primary pulled', expect: 'primary moves', paySeconds: 30 },
    inject: async (lab) => pull(lab, await primary(lab)),
  },
  {
    ...{ name: 'primary cut off from the other members, seen by clients', quick: true },
    ...{ expect: 'primary moves', paySeconds: 30 },
    inject: async (lab) => {
      const member = await primary(lab);
      const others = othersOf(member);
      lab.network.drop(member, { in: [from(lab, others)], out: [to(lab, others)] });
      return () => lab.network.heal(member);
    },
  },
  {
    ...{ name: 'primary cut off from its standbys, etcd reachable', quick: true },
    // Patroni sees no fault here; the guard hands over after fifteen seconds.
    ...{ expect: 'primary moves', paySeconds: 60 },
    inject: async (lab) => {
      const member = await primary(lab);
      const others = othersOf(member);
      lab.network.drop(member, {
        in: [
          `${from(lab, others)} tcp dport ${DATABASE}`,
          `${from(lab, others)} tcp sport ${DATABASE}`,
        ],
        out: [
          `${to(lab, others)} tcp dport ${DATABASE}`,
          `${to(lab, others)} tcp sport ${DATABASE}`,
        ],
      });
      return () => lab.network.heal(member);
    },
  },
  {
    ...{ name: 'primary deaf to the other members (asymmetric)' },
    ...{ expect: 'primary moves', paySeconds: 40 },
    inject: async (lab) => {
      const member = await primary(lab);
      lab.network.drop(member, { in: [from(lab, othersOf(member))] });
      return () => lab.network.heal(member);
    },
  },
  {
    ...{ name: 'primary cut off from etcd', expect: 'primary moves', paySeconds: 30 },
    inject: async (lab) => {
      const member = await primary(lab);
      const loopback = `iif lo tcp dport ${ETCD}`;
      lab.network.drop(member, { in: [loopback, `tcp sport ${ETCD}`], out: [`tcp dport ${ETCD}`] });
      return () => lab.network.heal(member);
    },
  },
  {
    ...{ name: 'Patroni of the primary frozen (SIGSTOP)' },
    ...{ expect: 'primary moves', paySeconds: 60 },
    inject: async (lab) => {
      const { pid } = lab.cluster.patroniOf(await primary(lab));
      process.kill(pid, 'SIGSTOP');
      return () => void process.kill(pid, 'SIGCONT');
    },
  },
  {
    ...{ name: 'Patroni and PostgreSQL of the primary frozen' },
    ...{ expect: 'primary moves', paySeconds: 60 },
    inject: async (lab) => {
      const member = await primary(lab);
      const etcd = lab.cluster.etcdOf(member).pid;
      const pids = lab.network.pidsOf(member).filter((pid) => pid !== etcd);
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      return () => pids.forEach((pid) => spawnSync('kill', ['-CONT', String(pid)]));
    },
  },
  {
    ...{ name: 'cable of the synchronous standby pulled', quick: true },
    ...{ expect: 'serves on', paySeconds: 15 },
    inject: async (lab) => {
      const [standby] = await lab.cluster.syncStandbys();
      return pull(lab, MEMBERS.find((member) => member === standby) ?? 'pg1');
    },
  },
  {
    ...{ name: 'both standbys dead', expect: 'writes wait', paySeconds: null },
    inject: async (lab) => {
      const others = othersOf(await primary(lab));
      // Their etcd lives on: what is lost here is data nodes, not the majority.
      const stopped = others.flatMap((member) => {
        const etcd = lab.cluster.etcdOf(member).pid;
        return lab.network.pidsOf(member).filter((pid) => pid !== etcd);
      });
      for (const pid of stopped) spawnSync('kill', ['-KILL', String(pid)]);
      return () => {
        for (const member of others) {
          lab.cluster.startPatroni(member);
          lab.cluster.startGuard(member);
        }
      };
    },
  },
  ...ETCD_FAULTS,
  {
    ...{ name: 'cable of the primary flaps, 3 s each way' },
    ...{ expect: 'serves on', paySeconds: 60, lastsSeconds: 30 },
    inject: async (lab) => {
      const member = await primary(lab);
      const flapping = new AbortController();
      const flaps = (async () => {
        for (; !flapping.signal.aborted; await sleep(3_000)) {
          lab.network.cable(member, 'down');
          await sleep(3_000);
          lab.network.cable(member, 'up');
        }
      })();
      return async () => {
        flapping.abort();
        await flaps;
      };
    },
  },
  {
    ...{ name: 'one packet of ten lost at the primary' },
    ...{ expect: 'serves on', paySeconds: 30, lastsSeconds: 30 },
    inject: async (lab) => {
      const member = await primary(lab);
      lab.network.drop(member, { in: ['iif eth0 numgen random mod 10 0'] });
      return () => lab.network.heal(member);
    },
  },
  ...HARDSHIPS,
  ...CLOCK_FAULTS,
  ...SITE_FAULTS,
];
