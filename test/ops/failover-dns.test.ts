import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Delay, FailoverLab, playbook, PlayedSite, until } from '#test';
import type { Mode, Program } from '#test';

const NXRRSET = 8;

/** Observers, deciders and actuator as processes over a real etcd and a real BIND. */
describe('the DNS failover', () => {
  let lab: FailoverLab;
  let sites: { a: PlayedSite; b: PlayedSite };
  let delay: Delay;
  let running: Program[];
  let record: string;
  let config: object;

  beforeAll(async () => {
    lab = await FailoverLab.open();
  }, 60_000);

  afterAll(async () => lab?.close());

  beforeEach(async () => {
    running = [];
    record = lab.newRecord();
    sites = {
      a: await PlayedSite.open('a', '127.0.0.11'),
      b: await PlayedSite.open('b', '127.0.0.12'),
    };
    delay = await Delay.open(lab.primaryPort);
    config = lab.config(record, [sites.a, sites.b], delay.port);
    const first = await lab.verb(config, ['act', '--to', 'a', '--reason', 'set up', '--json']);
    expect([first.code, first.output]).toEqual([
      0,
      expect.stringMatching(/"outcome": "written"[^]*"missingAt": \[\]/),
    ]);
    await until('both name servers know the name', async () => pointsTo(sites.a));
    // The hold-down after a person's change is another test's matter.
    await lab.forget(config, 'hold-down');
  }, 60_000);

  afterEach(async () => {
    for (const program of running) if (!program.hasEnded) await program.end('SIGKILL');
    await delay.close();
    for (const site of [sites.a, sites.b]) await site.close();
  });

  function observe(with_: object = config): void {
    running.push(...lab.observers(with_));
  }

  function decide(name: string, args: readonly string[] = [], with_: object = config): Program {
    const program = lab.start(with_, name, ['decide', ...args]);
    running.push(program);
    return program;
  }

  const pointsTo = async (site: PlayedSite): Promise<boolean> =>
    (await lab.answers(record)).every((answer) => answer === site.address);

  const flips = (): unknown[] => lab.audit(config).filter(({ action }) => action === 'flip');

  async function dieA(): Promise<void> {
    await sites.a.set('dead');
    sites.a.primary = false;
  }

  it('moves the name when the site dies, shows it everywhere, and does not go back by itself', async () => {
    sites.b.primary = false;
    observe();
    const decider = decide('one');
    await decider.until(/"message":"all is well"/);
    await dieA();
    // The standby's database is not promoted yet: the name may not lead to a read-only house.
    await sleep(3_000);
    expect([flips(), await pointsTo(sites.a)]).toEqual([[], true]);
    sites.b.primary = true;
    await until('the name moves', async () => pointsTo(sites.b));
    await decider.until(/"message":"flip: written"/);
    expect(flips()).toMatchObject([{ to: 'b', outcome: 'written' }]);
    await sites.a.set('ready');
    sites.a.primary = true;
    await sleep(3_000);
    expect([flips().length, await pointsTo(sites.b)]).toEqual([1, true]);
    expect(await lab.mark(record)).toMatch(/^"ofitec-failover epoch=\d+ site=b"$/);

    const back = await lab.verb(config, ['act', '--to', 'a', '--reason', 'repaired']);
    expect([back.code, await pointsTo(sites.a)]).toEqual([0, true]);
    const epochs = lab.audit(config).map(({ epoch }) => epoch);
    expect(epochs).toEqual([...new Set(epochs)].sort((x, y) => x - y));
  }, 90_000);

  it('stays for whatever is not a death', async () => {
    observe();
    const decider = decide('one');
    await decider.until(/"message":"all is well"/);
    for (const mode of ['broken', 'slow', 'impostor'] satisfies Mode[]) {
      await sites.a.set(mode);
      await sleep(3_000);
      expect([mode, flips(), await pointsTo(sites.a)]).toEqual([mode, [], true]);
    }
    await sites.a.set('ready');
    // Two observers vanish: the one that is left sees a death and may not act on it.
    for (const gone of running.slice(0, 2)) await gone.end('SIGKILL');
    await dieA();
    await sleep(5_000);
    expect([flips(), await pointsTo(sites.a)]).toEqual([[], true]);
    // Two are back: now it counts.
    observe();
    await until('the name moves', async () => pointsTo(sites.b));
  }, 90_000);

  it('moves once with two deciders at once', async () => {
    observe();
    const two = [decide('one'), decide('two')];
    await until('a leader', () => two.some(({ output }) => output.includes('fence: written')));
    await dieA();
    await until('the name moves', async () => pointsTo(sites.b));
    await sleep(3_000);
    expect(flips()).toHaveLength(1);
    expect(lab.audit(config).filter(({ outcome }) => outcome !== 'written')).toEqual([]);
  }, 90_000);

  it('finishes what a decider began that was killed between decision and write', async () => {
    observe();
    const first = decide('one');
    await first.until(/fence: written/);
    delay.hold();
    await dieA();
    await delay.untilHeld();
    expect(JSON.parse(await lab.etcdValue(config, 'decision'))).toMatchObject({ state: 'decided' });
    await first.end('SIGKILL');
    delay.pass();
    decide('two');
    // Hold-down and the count of flips do not stand in the way of what never happened.
    await until('the name moves', async () => pointsTo(sites.b));
    // It is told once every name server is seen to say so.
    await until('the flip is told', () => flips().length > 0);
    expect(flips()).toMatchObject([{ to: 'b', outcome: 'written' }]);
    expect(await delay.release()).toEqual([NXRRSET]);
    expect(await pointsTo(sites.b)).toBe(true);
  }, 90_000);

  it('refuses what a frozen decider wrote before its successor fenced it off', async () => {
    observe();
    const first = decide('one');
    await first.until(/fence: written/);
    delay.hold();
    await dieA();
    await delay.untilHeld();
    process.kill(first.pid, 'SIGSTOP');
    delay.pass();
    await sites.a.set('ready');
    sites.a.primary = true;
    const second = decide('two');
    await second.until(/fence: written/);
    await second.until(/"message":"all is well"/);
    // The first one's message arrives now, correctly signed and within its time.
    expect(await delay.release()).toEqual([NXRRSET]);
    process.kill(first.pid, 'SIGCONT');
    await sleep(4_000);
    expect([await pointsTo(sites.a), flips().filter((each) => (each as { outcome: string }).outcome === 'written')]).toEqual([true, []]); // prettier-ignore
    expect(second.output).not.toContain('flip: ');
  }, 90_000);

  it('writes nothing with the kill switch on, nor in a dry run', async () => {
    const frozen = await lab.verb(config, ['freeze', '--reason', 'moving house']);
    expect(frozen.code).toBe(0);
    observe();
    const decider = decide('one');
    const before = await lab.mark(record);
    await dieA();
    await decider.until(/but the kill switch is on/);
    await sleep(1_000);
    await decider.end('SIGTERM');
    expect((await lab.verb(config, ['thaw'])).code).toBe(0);
    const dry = decide('dry', ['--dry-run']);
    await dry.until(/dry run: the name would move to b/);
    await sleep(1_000);
    expect([await lab.mark(record), await pointsTo(sites.a)]).toEqual([before, true]);
    await dry.end('SIGTERM');
    decide('two');
    await until('the name moves', async () => pointsTo(sites.b));
  }, 90_000);

  it('holds down after a flip, and counts flips within the hour', async () => {
    const brisk = lab.config(record, [sites.a, sites.b], delay.port, {
      ...{ holdDownSeconds: 4, flipsPerHour: 2 },
    });
    observe(brisk);
    const decider = decide('one', [], brisk);
    await decider.until(/"message":"all is well"/);
    await dieA();
    await until('the name moves', async () => pointsTo(sites.b));
    await sites.a.set('ready');
    sites.a.primary = true;
    await sites.b.set('dead');
    sites.b.primary = false;
    await decider.until(/but the last flip is too recent/);
    await until('the name moves back', async () => pointsTo(sites.a));
    await sites.b.set('ready');
    sites.b.primary = true;
    await dieA();
    await decider.until(/but it moved 2 times within the hour/);
    expect(await pointsTo(sites.a)).toBe(true);
  }, 120_000);

  it('shows all of it on one screen, and as JSON', async () => {
    observe();
    const decider = decide('one');
    await decider.until(/"message":"all is well"/);
    await until('status', async () => {
      const { code, output } = await lab.verb(config, ['status', '--json']);
      const status = JSON.parse(output) as Record<string, unknown>;
      expect([code, status]).toMatchObject([
        0,
        { record, active: 'a', decider: 'one', frozen: null, sites: [{ site: 'a', verdict: 'HEALTHY', writable: true }, { site: 'b' }] }, // prettier-ignore
      ]);
      return true;
    });
    const { output } = await lab.verb(config, ['status']);
    expect(output).toMatch(/points to +a\n/);
    expect(output).toMatch(/pg-a +leader +running +timeline 3/);
    const ttl = await lab.verb(config, ['ttl', '--json']);
    expect([ttl.code, JSON.parse(ttl.output)]).toMatchObject([0, { ok: true, wantedSeconds: 30 }]);
    const refused = await lab.verb({ ...config, sites: [], observer: [] }, ['status']);
    expect([refused.code, refused.output]).toEqual([1, expect.stringMatching(/sites must be a list of 2 or more[^]*observer is not known/)]); // prettier-ignore
  }, 60_000);

  it('moves both families of a name together, and sees when somebody took one of them away', async () => {
    const record6 = lab.newRecord();
    const plain = lab.config(record6, [sites.a, sites.b], delay.port) as { sites: object[] };
    const both = { ...plain, sites: plain.sites.map((site, n) => ({ ...site, address6: `2001:db8::${n + 1}` })) }; // prettier-ignore
    const answers = async (): Promise<string[]> =>
      Promise.all(['A', 'AAAA'].map(async (type) => lab.dig(lab.primaryPort, record6, type)));
    for (const [to, address] of [['a', '127.0.0.11'], ['b', '127.0.0.12'], ['a', '127.0.0.11']] as const) {
      const moved = await lab.verb(both, ['act', '--to', to, '--reason', 'both families']);
      expect([moved.code, moved.output, await answers()]).toEqual([0, moved.output, [address, `2001:db8::${to === 'a' ? 1 : 2}`]]);
    }
    // One that knows of one family only leaves the other alone, and the name then belongs to nobody.
    const one = await lab.verb(plain, ['act', '--to', 'b', '--reason', 'an old configuration']);
    expect([one.code, await answers()]).toEqual([0, ['127.0.0.12', '2001:db8::1']]);
    const { output } = await lab.verb(both, ['status', '--json']);
    expect(JSON.parse(output)).toMatchObject({ active: null });
  }, 60_000); // prettier-ignore

  it('does what the playbook says of the name, command by command', async () => {
    const page = playbook.pageOf('runbooks/playbooks/failover_automatico.md');
    const lines = playbook
      .blocksOf(page)
      .filter(({ host }) => host === 'dns')
      .flatMap(({ text }) => text.trim().split('\n'));
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) {
      const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''); // prettier-ignore
      expect([line, words.slice(0, 2)]).toEqual([line, ['ofitec', 'failover']]);
      const { code, output } = await lab.verb(config, words.slice(2));
      expect([line, code, output]).toEqual([line, 0, output]);
    }
    expect(await pointsTo(sites.b)).toBe(true);
  }, 60_000);

  it('decides nothing while etcd has lost its majority', async () => {
    observe();
    const decider = decide('one');
    await decider.until(/"message":"all is well"/);
    for (const { program } of lab.etcd.slice(0, 2)) process.kill(program.pid, 'SIGSTOP');
    await dieA();
    await decider.until(/"message":"this round came to nothing"/);
    await sleep(4_000);
    expect(await lab.answers(record)).toEqual(['127.0.0.11', '127.0.0.11']);
    // A person still can.
    const moved = await lab.verb(config, ['act', '--to', 'b', '--reason', 'etcd is down']);
    expect([moved.code, await pointsTo(sites.b)]).toEqual([0, true]);
    for (const { program } of lab.etcd.slice(0, 2)) process.kill(program.pid, 'SIGCONT');
  }, 90_000);
});
