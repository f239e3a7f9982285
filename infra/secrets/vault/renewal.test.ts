import { describe, expect, it } from '@jest/globals';
import { keepAlive } from './renewal.js';
import type { Renewable, Timer } from './renewal.js';

/** Time that passes when it is told to. */
class PlayedTime implements Timer {
  seconds = 0;
  private planned: { at: number; work: () => void }[] = [];

  after(ms: number, work: () => void): () => void {
    const entry = { at: this.seconds + ms / 1_000, work };
    this.planned.push(entry);
    return () => (this.planned = this.planned.filter((each) => each !== entry));
  }

  async pass(seconds: number): Promise<void> {
    const until = this.seconds + seconds;
    for (;;) {
      const [next] = this.planned.sort((a, b) => a.at - b.at);
      if (!next || next.at > until) break;
      this.planned.shift();
      this.seconds = next.at;
      next.work();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.seconds = until;
  }
}

/** As Vault keeps one: each renewal gives `ttl` seconds again, until `most` are over since it was made. */
class Leased implements Renewable {
  readonly log: string[] = [];
  /** Seconds that were left when it was replaced. */
  readonly spare: number[] = [];
  isAway = false;
  private madeAt = 0;
  private endsAt: number;

  constructor(
    private readonly time: PlayedTime,
    private readonly ttl: number,
    private readonly most: number,
  ) {
    this.endsAt = ttl;
  }

  async renew(): Promise<number> {
    this.demandVault();
    if (this.endsAt < this.time.seconds) throw new Error('It ended.');
    this.endsAt = Math.min(this.time.seconds + this.ttl, this.madeAt + this.most);
    this.log.push(`renewed ${Math.round(this.time.seconds)}`);
    return this.endsAt - this.time.seconds;
  }

  async replace(): Promise<number> {
    this.demandVault();
    this.spare.push(this.endsAt - this.time.seconds);
    [this.madeAt, this.endsAt] = [this.time.seconds, this.time.seconds + this.ttl];
    this.log.push(`replaced ${Math.round(this.time.seconds)}`);
    return this.ttl;
  }

  private demandVault(): void {
    if (this.isAway) throw new Error('Vault is away.');
  }
}

describe('what is leased', () => {
  const begin = (ttl: number, most: number): { time: PlayedTime; leased: Leased } => {
    const time = new PlayedTime();
    return { time, leased: new Leased(time, ttl, most) };
  };

  it('is renewed at two thirds of its time', async () => {
    const { time, leased } = begin(90, Infinity);
    keepAlive(leased, 90, { timer: time });
    await time.pass(59);
    expect(leased.log).toEqual([]);
    await time.pass(130);
    expect(leased.log).toEqual(['renewed 60', 'renewed 120', 'renewed 180']);
  });

  it('is replaced when its longest time comes near, with a third of its time left', async () => {
    const { time, leased } = begin(90, 200);
    keepAlive(leased, 90, { timer: time });
    await time.pass(320);
    // At 120 it would get 80 s, and no more.
    expect(leased.log).toEqual([
      ...['renewed 60', 'renewed 120', 'replaced 120'],
      ...['renewed 180', 'renewed 240', 'replaced 240', 'renewed 300'],
    ]);
    for (const spare of leased.spare) expect(spare).toBeGreaterThanOrEqual(30);
  });

  it.each([10, 61, 90, 91, 150, 179, 180, 1_000])(
    'has a third of its time left at every replacement, if it may live for %i s',
    async (most) => {
      const { time, leased } = begin(Math.min(90, most), most);
      keepAlive(leased, Math.min(90, most), { timer: time });
      await time.pass(4_000);
      expect(leased.spare.length).toBeGreaterThan(2);
      for (const spare of leased.spare) {
        expect(spare).toBeGreaterThanOrEqual(Math.min(90, most) / 3 - 1e-9);
      }
    },
  );

  it('is asked for again soon when Vault is away, and is another one when it ended meanwhile', async () => {
    const { time, leased } = begin(90, Infinity);
    const heard: (string | null)[] = [];
    keepAlive(leased, 90, {
      timer: time,
      heard: (error) => heard.push(error === null ? null : (error as Error).message),
    });
    leased.isAway = true;
    await time.pass(75);
    expect(heard.length).toBeGreaterThan(1);
    expect(new Set(heard)).toEqual(new Set(['Vault is away.']));
    leased.isAway = false;
    await time.pass(8);
    expect([leased.log, heard.at(-1)]).toEqual([['renewed 83'], null]);
    leased.isAway = true;
    await time.pass(300);
    leased.isAway = false;
    await time.pass(31);
    expect(leased.log).toEqual(['renewed 83', expect.stringMatching(/^replaced/)]);
  });

  it('is renewed at two thirds of what it was replaced by, which may be another time', async () => {
    const time = new PlayedTime();
    const log: string[] = [];
    const note = (what: string): void => void log.push(`${what} ${time.seconds}`);
    const thing: Renewable = {
      renew: async () => (note('renewed'), 30),
      replace: async () => (note('replaced'), 30),
    };
    keepAlive(thing, 90, { timer: time });
    await time.pass(105);
    expect(log).toEqual(['renewed 60', 'replaced 60', 'renewed 80', 'renewed 100']);
  });

  it('is not replaced any more when it is stopped while Vault is asked', async () => {
    const time = new PlayedTime();
    const answer = Promise.withResolvers<number>();
    let replaced = 0;
    const thing: Renewable = { renew: () => answer.promise, replace: async () => (replaced += 1) };
    const stop = keepAlive(thing, 90, { timer: time });
    await time.pass(61);
    stop();
    answer.resolve(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(replaced).toBe(0);
  });

  it('is never waited for longer than a timer of Node can', async () => {
    const waits: number[] = [];
    const timer: Timer = { after: (ms) => (waits.push(ms), () => undefined) };
    const thing = { renew: async () => 1, replace: async () => 1 };
    for (const days of [1, 30, 60, 400]) keepAlive(thing, days * 86_400, { timer });
    expect(waits.map((ms) => ms / 86_400_000)).toEqual([2 / 3, 20, 20, 20]);
    expect(Math.max(...waits)).toBeLessThan(2 ** 31);
  });

  it('is left alone when it is no more wanted, or never ends', async () => {
    const { time, leased } = begin(90, 200);
    const stop = keepAlive(leased, 90, { timer: time });
    await time.pass(70);
    stop();
    keepAlive(leased, 0, { timer: time });
    await time.pass(1_000);
    expect(leased.log).toEqual(['renewed 60']);
  });
});
