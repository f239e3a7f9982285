import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MemberName } from './cluster.js';
import { primary } from './fault.js';
import type { Fault } from './fault.js';
import type { HaLab } from './lab.js';

const MARK = '7';

/** What does not break a host, and wears it down: a narrow or a slow network, a full disk. */
export const HARDSHIPS: readonly Fault[] = [
  {
    ...{ name: 'network of the primary narrow (1 Mbit/s)' },
    ...{ expect: 'serves on', paySeconds: 15, lastsSeconds: 30 },
    inject: async (lab) => {
      const member = await primary(lab);
      const words = ['tbf', 'rate', '1mbit', 'burst', '8kb', 'latency', '400ms'];
      lab.network.now(member, 'tc', ['qdisc', 'add', 'dev', 'eth0', 'root', ...words]);
      return () => void lab.network.now(member, 'tc', ['qdisc', 'del', 'dev', 'eth0', 'root']);
    },
  },
  {
    ...{ name: 'network of the primary slow (100 ms each way)' },
    ...{ expect: 'serves on', paySeconds: 15, lastsSeconds: 30 },
    inject: async (lab) => slowDown(lab, await primary(lab), 100),
  },
  {
    ...{ name: 'disk of the primary full' },
    // It writes on in pages and segments that it has; then it crashes, and cannot start again.
    ...{ expect: 'primary moves', paySeconds: 60 },
    inject: async (lab) => {
      const member = await primary(lab);
      const filler = lab.cluster.fillDisk(member);
      const since = Date.now();
      void (async () => {
        // A busy house would do it by itself: the segments that are left are used up.
        while (existsSync(filler) && Date.now() - since < 60_000) {
          const done = await lab.cluster.sql(member, 'SELECT pg_switch_wal()', { database: 'postgres' }).catch(() => null); // prettier-ignore
          if (done === null) await sleep(500);
        }
      })();
      return () => rmSync(filler);
    },
  },
];

/** Everything that a host sends arrives later, by a tunnel of ours: this kernel has no `netem`. */
async function slowDown(lab: HaLab, member: MemberName, ms: number): Promise<() => Promise<void>> {
  const { network } = lab;
  const program = network.start(member, '/usr/bin/python3', [resolve('test/support/netns/delay.py'), 'eth0', String(ms), MARK]); // prettier-ignore
  await program.until(/ready\n/);
  const tell = (...words: readonly string[]): void => void network.now(member, 'ip', words);
  tell('link', 'set', 'slow0', 'mtu', '1500', 'up');
  tell('route', 'add', '10.77.0.0/24', 'dev', 'slow0', 'table', '100', 'src', network.addressOf(member)); // prettier-ignore
  tell('rule', 'add', 'not', 'fwmark', MARK, 'to', '10.77.0.0/24', 'lookup', '100', 'pref', '100');
  return async () => {
    tell('rule', 'del', 'pref', '100');
    await program.end('SIGKILL');
  };
}
