import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { played } from '#test';
import { carryOut } from './actuator.js';
import type { Order } from './actuator.js';
import { writeMark } from './epoch.js';
import type { Mark } from './epoch.js';
import type { Provider, Published } from './providers/provider.js';
import { Zone } from './zone.js';

const A = '192.0.2.1';
const B = '192.0.2.2';

/** What a provider does with one change: takes it, refuses it, or loses its answer before or after. */
type Turn = 'takes' | 'refuses' | 'fails before' | 'fails after';

/** A provider that compares and sets as the real ones do, unless a turn says otherwise. */
class Played implements Provider {
  readonly at = { host: '127.0.0.1', port: 1 };
  asked = 0;

  constructor(
    public mark: Mark,
    private readonly turns: readonly Turn[],
  ) {}

  async read(): Promise<Published> {
    return { addresses: [A], mark: this.mark, text: writeMark(this.mark), hidden: false };
  }

  async replace(from: Published, { mark }: Order['change']): Promise<'written' | 'refused'> {
    const turn = this.turns[this.asked] ?? 'takes';
    this.asked += 1;
    if (turn === 'fails before') throw new Error('no answer');
    if (turn === 'refuses' || from.text !== writeMark(this.mark)) return 'refused';
    this.mark = mark;
    if (turn === 'fails after') throw new Error('no answer');
    return 'written';
  }
}

/** Nobody answers there, so that no test waits for a server. */
const zone = new Zone({
  ...{ zone: 'example.test', record: 'app.example.test', families: ['A'], timeoutMs: 100 },
  authoritative: [{ host: '127.0.0.1', port: 1 }],
});

async function order(
  provider: Provider,
  epoch: number,
  change: Partial<Order> = {},
  at = zone,
): ReturnType<typeof carryOut> {
  const decided: Order = {
    from: await provider.read(),
    change: { addresses: [B], mark: { epoch, site: 'b' }, ttlSeconds: 30 },
    ...{ decidedAt: performance.now(), goodForMs: 60_000, verifyMs: 0 },
    ...change,
  };
  return carryOut(provider, at, decided);
}

const at = (epoch: number): Mark => ({ epoch, site: 'a' });

describe('an order', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('is written once', async () => {
    const provider = new Played(at(7), []);
    expect(await order(provider, 8)).toMatchObject({ outcome: 'written' });
    expect([provider.mark, provider.asked]).toEqual([{ epoch: 8, site: 'b' }, 1]);
  });

  it.each([6, 7])('of epoch %d does not even reach a provider that has 7', async (epoch) => {
    const provider = new Played(at(7), []);
    expect(await order(provider, epoch)).toMatchObject({ outcome: 'refused' });
    expect([provider.mark, provider.asked]).toEqual([at(7), 0]);
  });

  it('is not carried out after its time', async () => {
    const provider = new Played(at(7), []);
    const late = { decidedAt: performance.now() - 3_001, goodForMs: 3_000 };
    expect(await order(provider, 8, late)).toMatchObject({ outcome: 'expired' });
    expect(provider.asked).toBe(0);
  });

  it('is not tried again after its time', async () => {
    const provider = new Played(at(7), ['fails before']);
    expect(await order(provider, 8, { goodForMs: 500 })).toMatchObject({ outcome: 'expired' });
    expect([provider.mark, provider.asked]).toEqual([at(7), 1]);
  });

  it('is tried again where nothing happened', async () => {
    const provider = new Played(at(7), ['fails before']);
    expect(await order(provider, 8)).toMatchObject({ outcome: 'written' });
    expect(provider.asked).toBe(2);
  });

  it('is known to be written, although the answer was lost', async () => {
    const provider = new Played(at(7), ['fails after']);
    expect(await order(provider, 8)).toMatchObject({ outcome: 'written' });
    expect(provider.asked).toBe(1);
  });

  it('knows its own mark when it is refused at the second try', async () => {
    const provider = new Played(at(7), ['fails after']);
    const { mark } = provider;
    // What it wrote shows only later: the first look still finds what was there.
    let looks = 0;
    const reads: Provider = {
      at: provider.at,
      read: async () => {
        looks += 1;
        return looks > 2 ? provider.read() : { addresses: [A], mark, text: writeMark(mark), hidden: false }; // prettier-ignore
      },
      replace: async (from, change) => provider.replace(from, change),
    };
    expect(await order(reads, 8)).toMatchObject({ outcome: 'written' });
    expect(provider.asked).toBe(2);
  });

  it.each([at(9), { epoch: 8, site: 'c' }])('does not try again over %j, which somebody wrote while its answer was lost', async (mark) => {
    const provider = new Played(at(7), ['fails before']);
    const from = await provider.read();
    provider.mark = mark;
    expect(await order(provider, 8, { from })).toMatchObject({ outcome: 'refused', error: 'no answer' });
    expect([provider.mark, provider.asked]).toEqual([mark, 1]);
  }); // prettier-ignore

  it('is not tried again after its time, when this process stood still between two tries', async () => {
    const provider = new Played(at(7), ['fails before']);
    const now = performance.now.bind(performance);
    let aheadMs = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs);
    setTimeout(() => (aheadMs = 60_000), 300);
    expect(await order(provider, 8)).toMatchObject({ outcome: 'expired', error: 'no answer' });
    expect([provider.mark, provider.asked]).toEqual([at(7), 1]);
  });

  it('is given up after three tries, and the lease is kept all the while', async () => {
    const provider = new Played(
      at(7),
      Array.from({ length: 9 }, () => 'fails before' as const),
    );
    let beats = 0;
    const heartbeat = async (): Promise<void> => void (beats += 1);
    const result = await order(provider, 8, { heartbeat });
    expect(result).toEqual({ outcome: 'unknown', shownBy: [], missingAt: [], error: 'no answer' });
    expect([provider.asked, beats]).toEqual([3, 3]);
  });

  it('does not rest for a try that would come too late', async () => {
    const provider = new Played(at(7), ['fails before']);
    const began = performance.now();
    expect(await order(provider, 8, { goodForMs: 900 })).toMatchObject({ outcome: 'expired' });
    expect([provider.asked, performance.now() - began < 900]).toEqual([1, true]);
  });

  it('takes a refusal for what it is, also where nothing seems to have changed', async () => {
    const provider = new Played(at(7), ['refuses']);
    expect(await order(provider, 8)).toEqual({ outcome: 'refused', shownBy: [], missingAt: [] });
    expect([provider.mark, provider.asked]).toEqual([at(7), 1]);
  });

  it('yields to whoever came first, and does not try again', async () => {
    const provider = new Played(at(9), []);
    const from = { addresses: [A], mark: at(7), text: writeMark(at(7)), hidden: false };
    expect(await order(provider, 8, { from })).toMatchObject({ outcome: 'refused' });
    expect([provider.mark, provider.asked]).toEqual([at(9), 1]);
  });
});

describe('a change that is written', () => {
  const RECORD = 'app.example.test';
  let names: played.PlayedNameServer[];

  beforeEach(async () => {
    names = await Promise.all([1, 2, 3].map(async () => played.PlayedNameServer.open()));
    for (const each of names) each.say(RECORD, A, writeMark(at(7)));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const each of names) await each.close();
  });

  const addressOf = ({ at: { host, port } }: played.PlayedNameServer): string => `${host}:${port}`;
  const show = (each: played.PlayedNameServer | undefined, epoch = 8): void =>
    each?.say(RECORD, B, writeMark({ epoch, site: 'b' }));

  async function written(
    change: Partial<Order>,
    timeoutMs = 5_000,
  ): Promise<{ outcome: string; shownBy: readonly string[]; missingAt: readonly string[] }> {
    const asked = { zone: 'example.test', record: RECORD, families: ['A'], timeoutMs } as const; // prettier-ignore
    const all = new Zone({ ...asked, authoritative: names.map((each) => each.at) });
    return order(new Played(at(7), []), 8, change, all);
  }

  it('is waited for at every authoritative server, and the lease is kept meanwhile', async () => {
    show(names[0]);
    show(names[1]);
    let beats = 0;
    const heartbeat = async (): Promise<void> => {
      beats += 1;
      // Somebody later has written over it: that counts as shown.
      if (beats === 3) show(names[2], 9);
    };
    const result = await written({ verifyMs: 30_000, heartbeat });
    expect(result).toEqual({ outcome: 'written', shownBy: names.map(addressOf), missingAt: [] });
    expect(beats).toBe(3);
  });

  it('is told with the servers that do not show it in time', async () => {
    show(names[0]);
    const result = await written({ verifyMs: 300 });
    const [first, ...rest] = names.map(addressOf);
    expect(result).toEqual({ outcome: 'written', shownBy: [first], missingAt: rest });
  });

  it('is not waited for at a server that is silent, for longer than a little', async () => {
    const [one, two, dead] = names;
    for (const each of [one, two]) show(each);
    if (dead) dead.isSilent = true;
    // Ten times as fast: five seconds of patience, sixty for one that answers.
    const now = performance.now.bind(performance);
    const began = now();
    jest.spyOn(performance, 'now').mockImplementation(() => began + (now() - began) * 10);
    const result = await written({ verifyMs: 60_000 }, 600);
    expect(result).toMatchObject({ outcome: 'written', missingAt: [dead && addressOf(dead)] });
    expect(now() - began).toBeLessThan(4_000);
    // One that answers what was is waited for, however long it takes.
    show(two, 6);
    const again = now();
    expect((await written({ verifyMs: 15_000 }, 600)).missingAt).toHaveLength(2);
    expect(now() - again).toBeGreaterThan(1_300);
    // Nobody at all is not everybody: it is looked for to the end.
    for (const each of names) each.isSilent = true;
    const last = now();
    expect((await written({ verifyMs: 15_000 }, 600)).shownBy).toEqual([]);
    expect(now() - last).toBeGreaterThan(1_300);
  });

  it('is not shown by a server that is not responsible, nor by nobody', async () => {
    for (const each of names) show(each);
    if (names[0]) names[0].isAuthoritative = false;
    if (names[1]) names[1].rcode = 2;
    expect(await written({ verifyMs: 300 })).toMatchObject({ shownBy: [names[2] && addressOf(names[2])] }); // prettier-ignore
    for (const each of names) each.isSilent = true;
    const nobody = await written({ verifyMs: 300 }, 300);
    expect(nobody).toMatchObject({ outcome: 'written', shownBy: [], missingAt: names.map(addressOf) }); // prettier-ignore
  });
});
