import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../until.js';
import { APPS, SITE_B, VIP } from './apps.js';
import { UPDATE_PORT } from './bind.js';
import { from, primary } from './fault.js';
import type { Broken, Fault, Heal } from './fault.js';
import type { HaLab } from './lab.js';
import { DECIDERS } from './names.js';
import { OBSERVERS } from './watch.js';
import type { ObserverName } from './watch.js';

/** Whose Prometheus a fault kills, and whose it freezes. */
const [KILLED, FROZEN] = OBSERVERS;
const BLIND = /"verdict":"UNKNOWN".*Prometheus does not know/;

/** What the name has to do with: a site that dies, and everything that watches, decides and writes. */
export const SITE_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'site A dead (both OFITEC hosts without power)', quick: true },
    ...{ expect: 'name moves', moveSeconds: 30, paySeconds: 40, flips: 1 },
    inject: powerOff,
  },
  {
    ...{ name: 'site A dead together with the host of the primary' },
    ...{ expect: 'name moves', moveSeconds: 75, paySeconds: 90, flips: 1 },
    inject: async (lab) => {
      const member = await primary(lab);
      lab.network.powerOff(member);
      const heal = powerOff(lab);
      return async () => {
        lab.cluster.startEtcd(member);
        lab.cluster.startPatroni(member);
        lab.cluster.startGuard(member);
        await heal();
      };
    },
  },
  {
    ...{ name: 'site A cut off (cables pulled), its programs alive' },
    ...{ expect: 'name moves', moveSeconds: 30, paySeconds: 40, flips: 1 },
    inject: async (lab) => {
      const plug = unplug(lab);
      return async () => {
        await plug();
        await goBack(lab);
      };
    },
  },
  {
    ...{ name: 'Prometheus of one observer killed (SIGKILL)', expect: 'serves on', paySeconds: 5 },
    inject: async (lab) => (await silence(lab, KILLED)).restart,
  },
  {
    ...{ name: 'Prometheus of one observer frozen (SIGSTOP)', expect: 'serves on', paySeconds: 5 },
    inject: async (lab) => (await silence(lab, FROZEN)).thaw,
  },
  {
    ...{ name: 'Prometheus of two observers silent (one killed, one frozen)' },
    ...{ expect: 'serves on', paySeconds: 5 },
    inject: async (lab) => {
      const { restart, thaw } = await silence(lab, KILLED, FROZEN);
      return async () => {
        thaw();
        await restart();
      };
    },
  },
  {
    ...{ name: 'one observer cut off', expect: 'serves on', paySeconds: 5, lastsSeconds: 15 },
    inject: async (lab) => {
      const [one] = OBSERVERS;
      lab.network.cable(one, 'down');
      await until('it says nothing any more', async () => (await lab.names.observation(one, 'a')) === ''); // prettier-ignore
      return () => lab.network.cable(one, 'up');
    },
  },
  {
    ...{ name: 'site A dead while the Prometheus of one observer is dead' },
    ...{ expect: 'name moves', moveSeconds: 30, paySeconds: 40, flips: 1 },
    inject: async (lab) => diesBesides(lab, KILLED),
  },
  {
    ...{ name: 'site A dead while the Prometheus of one observer is frozen' },
    ...{ expect: 'name moves', moveSeconds: 30, paySeconds: 40, flips: 1 },
    inject: async (lab) => diesBesides(lab, FROZEN),
  },
  {
    ...{ name: 'site A dead while the Prometheus of two observers is silent' },
    ...{ expect: 'payments wait', paySeconds: null, lastsSeconds: 20, flips: 1 },
    inject: async (lab) => {
      const { restart, thaw } = await silence(lab, KILLED, FROZEN);
      const powerOn = powerOff(lab);
      // One that is back is enough: two of three know then.
      return converges(lab, restart, async () => {
        thaw();
        await powerOn();
      });
    },
  },
  {
    ...{ name: 'site A dead while the name server refuses updates', expect: 'payments wait' },
    ...{ paySeconds: null, lastsSeconds: 25, flips: 1 },
    inject: async (lab) => {
      const { bind } = lab.names;
      const told = (): Promise<string> => lab.names.etcdValue('trouble');
      const refused = (): number => bind.said(/rejected by secure update/);
      bind.grant(false);
      await until('it has read its configuration', () => bind.said(/reloading configuration succeeded/) > 0); // prettier-ignore
      const [before, changes] = [refused(), lab.names.changes().length];
      const mend = powerOff(lab);
      return converges(
        lab,
        () => bind.grant(true),
        mend,
        async () => {
          const orders = lab.names.changes().length - changes;
          const asked = refused() - before;
          const trouble = await told();
          // Three tries of each order, and no storm; whoever asks for the status is told.
          return orders > 0 && asked > 0 && asked <= 3 * (orders + 1) && /REFUSED/.test(trouble)
            ? ''
            : `${orders} orders, ${asked} updates refused, told: ${trouble}`;
        },
      );
    },
  },
  {
    ...{ name: 'site A dead while the deciders do not reach the name server' },
    ...{ expect: 'payments wait', paySeconds: null, lastsSeconds: 25, flips: 1 },
    inject: async (lab) => {
      lab.network.drop('ns1', { in: [from(lab, DECIDERS)] });
      const mend = powerOff(lab);
      return converges(lab, () => lab.network.heal('ns1'), mend);
    },
  },
  {
    ...{ name: 'deciding one frozen between decision and write, resumed late' },
    ...{ expect: 'serves on', paySeconds: 60, lastsSeconds: 1 },
    inject: lateDecider,
  },
];

/** Some observers' own Prometheus. @returns how it comes back; these observers know nothing until then, the others do */
async function silence(
  lab: HaLab,
  ...silent: readonly ObserverName[]
): Promise<{ restart: () => Promise<void>; thaw: () => void }> {
  const { pid } = lab.watch.prometheusOf(FROZEN);
  if (silent.includes(KILLED)) await lab.watch.prometheusOf(KILLED).end('SIGKILL');
  if (silent.includes(FROZEN)) process.kill(pid, 'SIGSTOP');
  const others = OBSERVERS.filter((each) => !silent.includes(each));
  for (const site of ['a', 'b']) {
    await lab.names.allSay(silent, site, BLIND);
    await lab.names.allSay(others, site, /"verdict":"HEALTHY"/);
  }
  const verdict = others.length > OBSERVERS.length / 2 ? 'HEALTHY' : 'UNKNOWN';
  await until(`both sites are ${verdict}`, async () => {
    const { sites } = await lab.names.status();
    return sites.every((each) => each.verdict === verdict) || Promise.reject(new Error(JSON.stringify(sites)));
  }); // prettier-ignore
  return {
    restart: async () => {
      if (silent.includes(KILLED)) await lab.watch.restart(KILLED);
    },
    thaw: () => void process.kill(pid, 'SIGCONT'),
  };
}

/** Site A dies while the Prometheus of one observer is silent: the others are enough, and that one never votes. */
async function diesBesides(lab: HaLab, silent: ObserverName): Promise<Broken> {
  const { restart, thaw } = await silence(lab, silent);
  const since = Date.now();
  const powerOn = powerOff(lab);
  const heal = async (): Promise<void> => {
    const site = (await lab.names.status()).sites.find((each) => each.site === 'a');
    const said = await lab.names.observation(silent, 'a');
    thaw();
    await restart();
    await powerOn();
    const { UNHEALTHY = 0, UNKNOWN = 0 } = site?.votes ?? {};
    if (UNHEALTHY !== 2 || UNKNOWN !== 1 || !BLIND.test(said)) throw new Error(`${silent} says ${said}; ${JSON.stringify(site)}`); // prettier-ignore
  };
  return { heal, since };
}

/** Site A without power. @returns how it comes back, and the name by a person */
export function powerOff(lab: HaLab): () => Promise<void> {
  for (const app of APPS) lab.apps.powerOff(app);
  return async () => {
    await Promise.all(APPS.map(async (app) => lab.apps.powerOn(app)));
    await until('one holds the address', () => lab.apps.holders().length === 1);
    await goBack(lab);
  };
}

function unplug(lab: HaLab): () => Promise<void> {
  for (const app of APPS) lab.network.cable(app, 'down');
  return async () => {
    for (const app of APPS) lab.network.cable(app, 'up');
    await until('one holds the address', () => lab.apps.holders().length === 1);
  };
}

/** The name at site A, and the tills with it. */
async function goBack(lab: HaLab): Promise<void> {
  await lab.names.moveBack();
  await lab.paid(Date.now(), 5, VIP);
}

/** Mends what kept the name from moving: it moves then, with nobody's help, once; only then is site A mended.
 * `faultSeen` tells first what was not as it had to be while it was broken. */
export function converges(
  lab: HaLab,
  allow: () => Promise<void> | void,
  mend: () => Promise<void>,
  faultSeen: () => Promise<string> | string = () => '',
): Heal {
  return async () => {
    const wrong = await faultSeen();
    const since = Date.now();
    await allow();
    await until('the name moves', async () => lab.names.leadsTo('b'), 90_000);
    const movedMs = Date.now() - since;
    await lab.paid(since, 20, lab.network.addressOf(SITE_B));
    await mend();
    if (wrong) throw new Error(wrong);
    return movedMs;
  };
}

/**
 * The update of the deciding one is on its way, in its kernel's hands, when it is frozen: whoever comes next fences it
 * off, and finds site A alive. Then the network lets it through, still within the time of its signature.
 */
async function lateDecider(lab: HaLab): Promise<Heal> {
  const { names, network } = lab;
  const late = await names.settled();
  const next = DECIDERS.find((each) => each !== late) ?? late;
  await names.programOf(next).end('SIGKILL');
  // Its kernel repeats what got lost at least every two seconds, instead of ever more seldom.
  network.now(late, 'sysctl', ['-q', '-e', '-w', 'net.ipv4.tcp_rto_max_ms=2000']);
  // Updates alone: operation code 5 in the fifth byte of what TCP carries, after the length and the number.
  const update = `${from(lab, [late])} tcp dport ${UPDATE_PORT} @ih,32,8 & 0x78 == 0x28`;
  network.drop('ns1', { in: [update] });
  const plug = unplug(lab);
  await until('it has decided', async () => {
    const said = await names.etcdValue('decision');
    return said.includes('"state":"decided"') && said.includes(`"by":"${late}"`);
  }, 60_000); // prettier-ignore
  process.kill(names.programOf(late).pid, 'SIGSTOP');
  const sent = await network.read(late, 'ss', ['-Htn', 'state', 'established', 'dport', '=', `:${UPDATE_PORT}`]); // prettier-ignore
  if (!/^\d+\s+[1-9]/m.test(sent)) throw new Error(`Nothing is on its way: ${sent}`);
  await plug();
  names.startDecider(next);
  await names.programOf(next).until(/fence: written/);
  await names.programOf(next).until(/"message":"all is well"/);
  const before = names.bind.said(/prerequisite not satisfied \(NXRRSET\)/);
  return async () => {
    network.heal('ns1');
    await until('the late update is refused', () => names.bind.said(/prerequisite not satisfied \(NXRRSET\)/) > before); // prettier-ignore
    process.kill(names.programOf(late).pid, 'SIGCONT');
    // It would write now, if it thought that it may.
    await sleep(8_000);
    if (!(await names.leadsTo('a'))) throw new Error('The late decider has moved the name.');
  };
}
