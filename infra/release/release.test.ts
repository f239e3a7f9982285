import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { releases } from '#test';
import type { Colour } from './config.js';
import type { GateVerdict } from './gate.js';

type Desk = releases.Desk;
type Standing = releases.Standing;

const { apply, canary, Memory, Nginx, ProxyRefused, Refused, rollback, switchOver, Traefik } =
  releases;

/** A server in front that remembers what it was told; `green` in percent. */
class PlayedProxy implements releases.Proxy {
  readonly file = '/nowhere';
  readonly told: number[] = [];
  refuses = false;

  constructor(readonly name = 'played') {}

  text(): string {
    return '';
  }

  async follows({ weights }: releases.Shares): Promise<boolean> {
    return this.told.at(-1) === weights.green;
  }

  async tell({ weights }: releases.Shares): Promise<void> {
    if (this.refuses) throw new ProxyRefused(`${this.name} refuses`);
    this.told.push(weights.green);
  }
}

/** What `ofitec release` does in which order; proxies, gate and colours are played. */
describe('a release', () => {
  let folder: string;
  let proxy: PlayedProxy;
  let memory: releases.Memory;
  /** What the gate says; it is asked as often as there is time. */
  let verdict: () => GateVerdict;
  let asked: string[];
  let isSeen: boolean;
  let ready: Record<Colour, boolean>;
  /** Open requests at the next looks; the last goes on. */
  let open: (number | null)[];
  let looked: Colour[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-release-'));
    proxy = new PlayedProxy();
    memory = new Memory(folder);
    [verdict, asked, isSeen] = [() => 'healthy', [], true];
    ready = { blue: true, green: true };
    [open, looked] = [[0], []];
    await stands({});
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const next = <T>(of: T[]): T => (of.length > 1 ? of.shift() : of[0]) as T;

  function desk(change: Partial<Desk> = {}, plan: Partial<Desk['plan']> = {}): Desk {
    const place = { url: 'http://127.0.0.1:9', metricsUrl: 'http://127.0.0.1:9/metrics' };
    return {
      plan: {
        ...{ folder, places: { blue: place, green: place }, metricsToken: null },
        ...{ nginx: null, traefik: null, prometheusUrl: null, steps: [5, 25, 50, 100] },
        // Each share is looked at once; nobody is waited for.
        ...{ stepSeconds: 0.001, unknownSeconds: -1, drainSeconds: 60 },
        ...plan,
      },
      ...{ memory, proxies: [proxy], report: () => undefined },
      gate: {
        verdict: async (colour) => {
          asked.push(`gate of ${colour}`);
          return verdict();
        },
        sees: async (colour) => {
          asked.push(`looks at ${colour}`);
          return isSeen;
        },
      },
      find: async (colour) => ({ ready: ready[colour], release: 'r' }),
      openRequests: async (colour) => {
        looked.push(colour);
        return next(open);
      },
      ...change,
    };
  }

  /** As an act before left it. */
  async function stands(change: Partial<Standing>): Promise<void> {
    await memory.write({ ...(await memory.read()), before: null, ...change });
  }

  it('gives a canary one share after the other, and asks twice whether the old colour is empty', async () => {
    open = [0, 2, 0, 0];
    const { outcome, standing, drained } = await canary(desk());
    expect(proxy.told).toEqual([5, 25, 50, 100]);
    expect([outcome, drained]).toEqual(['done', true]);
    expect(standing).toMatchObject({ live: 'green', share: 0, previous: 'blue', before: null });
    // One look without any may fall between a connection and its request: it counts from two in a row.
    expect(looked).toEqual(['blue', 'blue', 'blue', 'blue']);
    expect(new Set(asked)).toEqual(new Set(['looks at green', 'gate of green']));
  });

  it.each([
    [[7], false],
    [[null], null],
  ])('says of %j open requests that it is drained: %s', async (requests, drained) => {
    open = requests;
    const ending = await switchOver(desk({}, { drainSeconds: -1 }), false);
    expect([ending.outcome, ending.drained]).toEqual(['done', drained]);
  });

  it('stops at the share that it was told, and goes on from there', async () => {
    const some = await canary(desk(), 25);
    expect([some.standing.share, some.standing.live, some.drained]).toEqual([25, 'blue', null]);
    await canary(desk());
    expect(proxy.told).toEqual([5, 25, 50, 100]);
  });

  it('takes a canary back that serves badly, and gives no more to one of which nothing is known', async () => {
    verdict = () => (proxy.told.at(-1) === 25 ? 'unhealthy' : 'healthy');
    const bad = await canary(desk());
    expect(proxy.told).toEqual([5, 25, 0]);
    expect([bad.outcome, bad.standing.live, bad.standing.share]).toEqual(['rolled back', 'blue', 0]); // prettier-ignore
    verdict = () => 'unknown';
    const unknown = await canary(desk());
    expect(proxy.told).toEqual([5, 25, 0, 5]);
    expect([unknown.outcome, unknown.standing.share]).toEqual(['stopped', 5]);
    // What is out already is looked at before anything is added to it.
    expect((await canary(desk())).outcome).toBe('stopped');
    verdict = () => 'unhealthy';
    expect((await canary(desk())).outcome).toBe('rolled back');
    expect(proxy.told).toEqual([5, 25, 0, 5, 0]);
  });

  it('does not call live what has everything and of which nothing is known', async () => {
    verdict = () => (proxy.told.at(-1) === 100 ? 'unknown' : 'healthy');
    const { outcome, standing } = await canary(desk());
    expect([outcome, standing.live, standing.share]).toEqual(['stopped', 'blue', 100]);
  });

  it.each([
    ['Prometheus does not look at it', { seen: false, watched: true, ready: true }],
    ['there is no Prometheus', { seen: true, watched: false, ready: true }],
    ['it is not ready', { seen: true, watched: true, ready: false }],
  ])('gives nothing to a colour when %s', async (_, how) => {
    [isSeen, ready.green] = [how.seen, how.ready];
    const given = desk(how.watched ? {} : { gate: null });
    await expect(canary(given)).rejects.toThrow(Refused);
    await expect(switchOver(given, true)).rejects.toThrow(Refused);
    expect(proxy.told).toEqual([]);
    expect((await memory.read()).share).toBe(0);
  });

  it.each<GateVerdict>(['unknown', 'unhealthy'])('switches nothing while the gate says %s', async (said) => {
    verdict = () => said;
    await expect(switchOver(desk(), true)).rejects.toThrow(new RegExp(`is ${said}`));
    expect(proxy.told).toEqual([]);
    // Without the gate it does; what is not ready gets nothing even so.
    ready.green = false;
    await expect(switchOver(desk(), false)).rejects.toThrow(Refused);
    ready.green = true;
    expect((await switchOver(desk(), false)).standing.live).toBe('green');
  }); // prettier-ignore

  it('goes back after a switch, once, and only to a colour that is ready', async () => {
    await switchOver(desk(), true);
    ready.blue = false;
    await expect(rollback(desk())).rejects.toThrow(/blue does not answer/);
    expect(proxy.told).toEqual([100]);
    ready.blue = true;
    const back = await rollback(desk());
    expect([back.outcome, back.standing.live, back.drained]).toEqual(['rolled back', 'blue', true]);
    expect(proxy.told).toEqual([100, 0]);
    expect((await rollback(desk())).outcome).toBe('nothing to do');
    expect(proxy.told).toEqual([100, 0]);
  });

  it('leaves no proxy behind when another refuses', async () => {
    const second = new PlayedProxy('second');
    second.refuses = true;
    await stands({ share: 25 });
    const both = desk({ proxies: [proxy, second] });
    // The first had taken it, and goes back as soon as the second can be told anything again.
    await expect(switchOver(both, false)).rejects.toThrow('second refuses');
    expect([proxy.told, second.told]).toEqual([[100, 25], []]);
    expect(await memory.read()).toMatchObject({ live: 'blue', share: 25, before: 25 });
    second.refuses = false;
    await apply(both);
    expect([proxy.told, second.told]).toEqual([[100, 25, 25], [25]]);
    expect(await memory.read()).toMatchObject({ live: 'blue', share: 25, before: null });
  });

  it('brings to its end what a killed process began', async () => {
    await stands({ verb: 'switch', share: 100, before: 0, generation: 7 });
    const { standing } = await apply(desk());
    expect(proxy.told).toEqual([100]);
    expect(standing).toMatchObject({ live: 'green', share: 0, previous: 'blue', verb: null });
  });

  it('is written for nginx and Traefik with the shares as they are, and nothing at 0', () => {
    const places = {
      blue: { url: 'http://10.0.0.7:3001', metricsUrl: '' },
      green: { url: 'http://10.0.0.8:3002', metricsUrl: '' },
    };
    const nginx = new Nginx({ file: '', test: '', reload: '', status: '127.0.0.1:1' }, places);
    const traefik = new Traefik({ file: '', api: '' }, places);
    const shared = { weights: { blue: 95, green: 5 }, generation: 3 };
    expect(nginx.text(shared).match(/server [\d.:]+ weight=\d+;/g)).toEqual([
      'server 10.0.0.7:3001 weight=95;',
      'server 10.0.0.8:3002 weight=5;',
    ]);
    expect(traefik.text(shared).match(/name: ofitec-\w+\n +weight: \d+/g)).toEqual([
      expect.stringMatching(/ofitec-blue\n +weight: 95$/),
      expect.stringMatching(/ofitec-green\n +weight: 5$/),
    ]);
    // nginx knows no weight of 0.
    const all = { weights: { blue: 0, green: 100 }, generation: 4 };
    expect(nginx.text(all).match(/weight=\d+/g)).toEqual(['weight=100']);
    expect(traefik.text(all).match(/weight: \d+/g)).toEqual(['weight: 100']);
  });
});
