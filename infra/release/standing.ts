import { appendFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { contentOf, ProcessLock, writeWhole } from '#kernel';
import type { Colour } from './config.js';

const JOURNAL_BYTES = 1_000_000;

export type Verb = 'apply' | 'canary' | 'switch' | 'rollback';

/** How a release stands. What proxies are told is derived from this and from nothing else. */
export interface Standing {
  /** The colour that serves everybody while no release is under way. */
  readonly live: Colour;
  /** Percent of the requests that the other colour gets. */
  readonly share: number;
  /** The share that was there before, while the proxies are being told of `share`; null when they know. */
  readonly before: number | null;
  /** What is under way, or was when its process was killed. */
  readonly verb: Verb | null;
  /** The colour to go back to after a switch. */
  readonly previous: Colour | null;
  /** Grows with each change of the shares; the proxies' files name it. */
  readonly generation: number;
  readonly at: string;
}

/** Somebody else works on the release. */
export class Busy extends Error {}

export function otherThan(colour: Colour): Colour {
  return colour === 'blue' ? 'green' : 'blue';
}

/** Percents by colour. */
export function weightsOf({ live, share }: Standing): Record<Colour, number> {
  const weights = { blue: 0, green: 0 };
  weights[live] = 100 - share;
  weights[otherThan(live)] = share;
  return weights;
}

/** The folder that remembers how a release stands. */
export class Memory {
  constructor(private readonly folder: string) {}

  async read(): Promise<Standing> {
    const text = await contentOf(join(this.folder, 'state.json'));
    if (text !== null) return JSON.parse(text) as Standing;
    const at = new Date(0).toISOString();
    return {
      ...{ live: 'blue', share: 0, before: 0, verb: null, previous: null },
      ...{ generation: 0, at },
    };
  }

  /** Remembers over a crash of the machine. */
  async write(standing: Standing): Promise<Standing> {
    const now = { ...standing, at: new Date().toISOString() };
    await writeWhole(join(this.folder, 'state.json'), `${JSON.stringify(now, null, 2)}\n`);
    return now;
  }

  /** A line for whoever asks later what happened. */
  note(standing: Standing, step: string): void {
    const file = join(this.folder, 'journal.jsonl');
    if (existsSync(file) && statSync(file).size > JOURNAL_BYTES) renameSync(file, `${file}.1`);
    const by = `${userInfo().username}@${hostname()}`;
    const { verb, live, share, generation } = standing;
    const line = { at: new Date().toISOString(), by, verb, step, live, share, generation };
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  }

  /** The process that works on the release, or null. */
  holder(): number | null {
    return this.lock.holder();
  }

  private get lock(): ProcessLock {
    return new ProcessLock(join(this.folder, 'lock'));
  }

  /** Does the work while nobody else may. @throws Busy */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    mkdirSync(this.folder, { recursive: true });
    const { lock } = this;
    const holder = lock.take();
    if (holder !== null) throw new Busy(`Process ${holder} works on the release; wait for it.`);
    try {
      return await work();
    } finally {
      lock.release();
    }
  }
}
