import { describe, expect, it } from '@jest/globals';
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
): ReturnType<typeof carryOut> {
  const decided: Order = {
    from: await provider.read(),
    change: { addresses: [B], mark: { epoch, site: 'b' }, ttlSeconds: 30 },
    ...{ decidedAt: performance.now(), goodForMs: 60_000, verifyMs: 0 },
    ...change,
  };
  return carryOut(provider, zone, decided);
}

const at = (epoch: number): Mark => ({ epoch, site: 'a' });

describe('an order', () => {
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
      read: async () => {
        looks += 1;
        return looks > 2 ? provider.read() : { addresses: [A], mark, text: writeMark(mark), hidden: false }; // prettier-ignore
      },
      replace: async (from, change) => provider.replace(from, change),
    };
    expect(await order(reads, 8)).toMatchObject({ outcome: 'written' });
    expect(provider.asked).toBe(2);
  });

  it('yields to whoever came first, and does not try again', async () => {
    const provider = new Played(at(9), []);
    const from = { addresses: [A], mark: at(7), text: writeMark(at(7)), hidden: false };
    expect(await order(provider, 8, { from })).toMatchObject({ outcome: 'refused' });
    expect([provider.mark, provider.asked]).toEqual([at(9), 1]);
  });
});
