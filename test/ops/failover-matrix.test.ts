import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { netns, playbook, until } from '#test';
import type { Fault } from '#test';

/** `OFITEC_MATRIX=whole`: every fault, each counted again a minute or more after it was mended. */
const WHOLE = process.env['OFITEC_MATRIX'] === 'whole';
/** Parts of faults' names with `|` between them, to try these alone. */
const ONLY = (process.env['OFITEC_FAULT'] ?? '').split('|').filter((part) => part !== '');
const AGAIN_MS = Number(process.env['OFITEC_AGAIN_SECONDS'] ?? (WHOLE ? 60 : 5)) * 1_000;
/** How much later than promised a machine under foreign load may be before the test is red. */
const SLACK = WHOLE ? 1.5 : 2;

/** Patroni's `ttl`: for how long a lock lasts that nobody prolongs. */
const LOCK_MS = 20_000;

/** Whose commands make etcd anew, in the order of the playbook. */
const FOR_EVER = ['base', 'queda', 'perdido', 'lider', 'replica'] as const;
const CLEAN = { lost: 0, doubled: 0, refused: [] };

const faults = netns.FAULTS.filter(({ quick, name }) =>
  ONLY.length === 0 ? WHOLE || quick : ONLY.some((part) => name.includes(part)),
);

/** Real keepalived, Patroni, etcd, PostgreSQL, BIND, Prometheus and OFITEC on hosts of their own, under a load of payments. */
describe('the failover, fault by fault', () => {
  let lab: netns.HaLab;
  let evidence: netns.Evidence;

  beforeAll(async () => {
    lab = await netns.HaLab.open();
    evidence = new netns.Evidence(
      WHOLE ? 'whole' : 'quick',
      AGAIN_MS / 1_000,
      process.env['OFITEC_EVIDENCE'],
    );
  }, 900_000);

  afterAll(async () => {
    lab?.close(process.env['OFITEC_LAB_LOGS']);
  });

  /**
   * @param since when breaking it began
   * @param broken when it was broken
   * @returns milliseconds until what had to move had moved; null when nothing had to */
  async function lasts(fault: Fault, since: number, broken: number): Promise<number | null> {
    const { leader, timeline, holders } = before;
    if (fault.expect === 'primary moves') {
      await until('another primary', async () => {
        const now = await lab.cluster.leader();
        if (now === null || now !== leader) return now !== null;
        return fault.mayReturn === true && (await lab.cluster.timelineOf(now)) > timeline;
      }, 120_000); // prettier-ignore
      const movedMs = Date.now() - since - lab.stoodStill(since);
      await lab.paid(Date.now());
      return movedMs;
    }
    if (fault.expect === 'address moves') {
      await until('another holder', () => lab.apps.holders().some((app) => !holders.includes(app)));
      const movedMs = Date.now() - since - lab.stoodStill(since);
      await lab.paid(Date.now());
      return movedMs;
    }
    if (fault.expect === 'name moves') {
      await until('the name moves', async () => lab.names.leadsTo('b'), 150_000);
      const movedMs = Date.now() - since - lab.stoodStill(since);
      await lab.paid(Date.now(), 20, lab.network.addressOf(netns.SITE_B));
      return movedMs;
    }
    if (fault.expect === 'payments wait') {
      await sleep((fault.lastsSeconds ?? 20) * 1_000);
      const late = lab.acknowledgedBy(undefined, broken + 5_000);
      const told = {
        late,
        sites: await lab.names.sites(),
        flips: lab.names.flips() - before.flips,
      };
      expect([fault.name, told]).toEqual([fault.name, { late: 0, sites: ['a'], flips: 0 }]);
      return null;
    }
    if (fault.expect === 'serves on') {
      await sleep((fault.lastsSeconds ?? 10) * 1_000);
      await lab.paid(since);
    } else {
      // Who holds the lock may serve for as long as it would last; nobody does after it.
      await sleep(LOCK_MS + 8_000);
      const late = lab.charges(since + LOCK_MS).filter(({ status }) => status === 201);
      expect([fault.name, late.length, lab.acknowledging(since + LOCK_MS)]).toEqual([
        fault.name,
        0,
        [],
      ]);
    }
    return null;
  }
  let before: { leader: string; timeline: number; holders: string[]; flips: number };

  /** Faults that were mended, and since when, which have not been counted a second time. */
  const pending: { fault: Fault; healed: number }[] = [];

  /** What a fault has lost may show only after it was mended: the same payments again, a while later. */
  function countAgain(books: netns.Books): void {
    const ripe = pending.filter(({ healed }) => books.at - healed >= AGAIN_MS);
    for (const each of ripe) {
      const { fault, healed } = each;
      const { lost, doubled } = books.balance(healed + AGAIN_MS);
      const seconds = Math.round((books.at - healed) / 1_000);
      evidence.again(fault, { seconds, lost, doubled });
      expect({ again: fault.name, lost, doubled }).toEqual({
        again: fault.name,
        lost: 0,
        doubled: 0,
      });
      pending.splice(pending.indexOf(each), 1);
    }
  }

  it.each(faults.map((fault) => [fault.name, fault] as const))(
    '%s',
    async (name, fault) => {
      const leads = await lab.cluster.whole(300_000);
      before = {
        leader: leads,
        timeline: await lab.cluster.timelineOf(leads),
        holders: lab.apps.holders(),
        flips: lab.names.flips(),
      };
      await lab.paid(Date.now(), 20, netns.VIP);
      if (fault.flips !== undefined) await lab.names.settled();
      const asked = Date.now();
      const injected = await fault.inject(lab);
      const { heal, since } =
        typeof injected === 'function' ? { heal: injected, since: asked } : injected;
      const broken = Date.now();
      let gapMs: number;
      let movedMs: number | null = null;
      try {
        movedMs = await lasts(fault, since, broken);
        gapMs = lab.longestGap(since);
      } finally {
        const convergedMs = await heal();
        movedMs ??= convergedMs ?? null;
      }
      const healed = Date.now();
      const leader = await lab.cluster.whole(180_000);
      const wholeMs = Date.now() - healed;
      await lab.paid(Date.now());
      await until('one holder of the address', () => lab.apps.holders().length === 1);
      const books = await lab.books();
      const balance = books.balance();
      const doubles = lab.doubleAcknowledgements();
      const flips = lab.names.flips() - before.flips;
      evidence.add({
        fault,
        movedMs,
        gapMs,
        wholeMs,
        stillMs: lab.stoodStill(since),
        moved: leader !== before.leader,
        flips,
        doubles,
        balance,
      });
      expect({ name, ...balance, doubles }).toMatchObject({ name, ...CLEAN, doubles: [] });
      if (fault.stays) {
        const timeline = await lab.cluster.timelineOf(leader);
        expect({ name, leader, timeline }).toEqual({ name, leader: before.leader, timeline: before.timeline }); // prettier-ignore
      }
      const { flips: wanted = 0 } = fault;
      const atB = lab.acknowledgedBy(lab.network.addressOf(netns.SITE_B), since);
      const sites = await lab.names.sites();
      expect({ name, sites, flips, paidAtB: atB > 0 }).toEqual({
        ...{ name, sites: ['a'], flips: wanted, paidAtB: wanted > 0 },
      });
      countAgain(books);
      pending.push({ fault, healed });
      const { moveSeconds, paySeconds } = fault;
      const late = [
        ...(movedMs !== null && moveSeconds && movedMs > moveSeconds * 1_000 * SLACK
          ? [`moved after ${movedMs} ms`]
          : []),
        ...(paySeconds && gapMs > paySeconds * 1_000 * SLACK ? [`no payment for ${gapMs} ms`] : []),
      ];
      expect([name, late]).toEqual([name, []]);
    },
    1_500_000,
  );

  it('counts every fault a second time, a while after it was mended', async () => {
    const last = Math.max(0, ...pending.map(({ healed }) => healed));
    await sleep(Math.max(0, last + AGAIN_MS - Date.now()));
    countAgain(await lab.books());
    expect(pending).toEqual([]);
  }, 900_000);

  it('never let the name say the same of two epochs, and was seen by Prometheus all the while', async () => {
    const written = lab.names.changes().filter(({ outcome }) => outcome === 'written');
    const epochs = written.map(({ epoch }) => epoch);
    expect(new Set(epochs).size).toBe(epochs.length);
    for (const observer of netns.OBSERVERS) {
      const up = Object.fromEntries(lab.watch.targetsOf(observer).map((each) => [each, '1']));
      await until(`the Prometheus of ${observer} reads every process of its own`, async () => {
        const told = await lab.watch.up(observer);
        expect(told).toEqual(up);
        return true;
      }, 60_000); // prettier-ignore
      expect(await lab.watch.query(observer, 'gate:healthy', 'site')).toEqual({ a: '1', b: '1' });
    }
  }, 90_000);

  it('tells who holds the address, from keepalived’s own notifications and the network card', async () => {
    const [holder = 'app1'] = lab.apps.holders();
    const fifo = `${lab.apps.root(holder)}/notify.fifo`;
    const words = ['vrrp', '--vip', `${netns.VIP}/24`, '--fifo', fifo];
    const agent = lab.network.start(holder, process.execPath, ['dist/infra/failover/main.js', ...words]); // prettier-ignore
    const url = `http://${lab.network.addressOf(holder)}:9465`;
    await until('the agent has read', async () => {
      const said = await lab.network.read('client', 'curl', ['-sS', '--max-time', '2', `${url}/status`]); // prettier-ignore
      const status = JSON.parse(said) as { holds: boolean; state: string | null };
      return status.holds && status.state === 'MASTER';
    });
    const figures = await lab.network.read('client', 'curl', ['-sS', `${url}/metrics`]);
    expect(figures).toContain(`failover_vrrp_holds{address="${netns.VIP}"} 1\n`);
    await agent.end('SIGTERM');
  }, 60_000);

  it('does what the playbook says, command by command', async () => {
    const blocks = playbook.blocksOf(playbook.pageOf('runbooks/playbooks/failover_automatico.md'));
    expect(playbook.blocksOf(playbook.pageOf('runbooks/dr_plan.md'))).toEqual([]);
    const kinds = new Set(blocks.map(({ host }) => host));
    expect(kinds).toEqual(new Set(['nodo', 'app', 'dns', ...FOR_EVER]));
    const mine = blocks.filter(({ host }) => ['nodo', 'app'].includes(host));
    expect(mine.length).toBeGreaterThan(7);
    for (const block of mine) {
      if (block.text.includes('start ofitec-etcd')) {
        const node = await standby();
        await lab.cluster.etcdOf(node).end('SIGKILL');
      }
      if (block.text.includes('remove-vip.sh')) {
        const idle = lab.apps.holders().includes('app1') ? 'app2' : 'app1';
        lab.network.now(idle, 'ip', ['addr', 'add', `${netns.VIP}/24`, 'dev', 'eth0']);
        expect(lab.apps.holders()).toHaveLength(2);
        const { code } = await netns.follow(lab, block, idle);
        expect([code, lab.apps.holders().length]).toEqual([0, 1]);
        continue;
      }
      const { code, output } = await netns.follow(lab, block);
      expect([block.text, code, output]).toEqual([block.text, 0, output]);
      await lab.cluster.whole(120_000);
    }
    expect((await lab.books()).balance()).toMatchObject(CLEAN);
    expect(lab.doubleAcknowledgements()).toEqual([]);
  }, 1_500_000);

  it('makes etcd anew from one member, as the playbook says, when two have lost their disks', async () => {
    const blocks = playbook.blocksOf(playbook.pageOf('runbooks/playbooks/failover_automatico.md'));
    const [base, left, lost, leads, follows] = FOR_EVER.map(
      (kind) => blocks.find(({ host }) => host === kind)?.text ?? `exit 1 # no block for ${kind}`,
    );
    const leader = await lab.cluster.whole();
    const remains = await standby();
    const gone = netns.MEMBERS.filter((member) => member !== remains);
    for (const member of gone) {
      await lab.cluster.etcdOf(member).end('SIGKILL');
      lab.cluster.loseEtcdDisk(member);
    }
    expect(await lab.cluster.leader()).toBeNull();
    const facts = { QUEDA: `${lab.network.addressOf(remains)}:2379`, LIDER: leader };
    const tell = async (member: netns.MemberName, text = ''): Promise<void> => {
      const { code, output } = await netns.followAt(lab, text, member, facts);
      expect([member, text, code, output]).toEqual([member, text, 0, output]);
    };
    await Promise.all(netns.MEMBERS.map(async (member) => tell(member, base)));
    await tell(remains, left);
    for (const member of gone) await tell(member, lost);
    await tell(leader, leads);
    for (const member of netns.MEMBERS) if (member !== leader) await tell(member, follows);
    expect(await lab.cluster.whole(180_000)).toBe(leader);
    const { output } = await lab.cluster.etcdctl(['member', 'list']);
    expect(output.match(/started/g)).toHaveLength(3);
    await lab.paid(Date.now());
    expect((await lab.books()).balance()).toMatchObject(CLEAN);
    expect(lab.doubleAcknowledgements()).toEqual([]);
  }, 1_500_000);

  /** The one that is neither the leader nor may take over: the playbook's `NODO`. */
  async function standby(): Promise<'pg1' | 'pg2' | 'pg3'> {
    const busy = [await lab.cluster.whole(), ...(await lab.cluster.syncStandbys())];
    return netns.MEMBERS.find((member) => !busy.includes(member)) ?? 'pg1';
  }
});
