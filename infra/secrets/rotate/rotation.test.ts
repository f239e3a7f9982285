import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ownMark } from '#kernel/basics';
import { Kv } from '../vault/kv.js';
import { PlayedVault } from '../vault/played-vault.js';
import { locked } from './lock.js';
import { Voice, waitFor, Watch } from './patience.js';
import { abort, begin, resume } from './rotation.js';
import type { Rotation, Rotator } from './rotation.js';

const LOCK = 'kv/data/ofitec-rotation/lock-db';
const JOURNAL = 'kv/data/ofitec-rotation/db';
const MINUTE = 60_000;

let folder: string;
let vault: PlayedVault;
let rotator: Rotator & { readonly runbook: string };
const said: string[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'ofitec-test-rotation-'));
  vault = new PlayedVault();
  said.splice(0);
  const report = (line: string): void => void said.push(line);
  rotator = { kv: new Kv(vault), runbook: join(folder, 'runbook.md'), report };
});
afterEach(() => {
  jest.useRealTimers();
  fs.rmSync(folder, { recursive: true, force: true });
});

const later = (minutes: number): void => {
  vault.now = new Date(vault.now.getTime() + minutes * MINUTE);
};
const entries = (): string[] =>
  fs.existsSync(rotator.runbook)
    ? fs.readFileSync(rotator.runbook, 'utf8').split('\n').slice(0, -1)
    : [];

describe('the lock of a rotation', () => {
  const take = (): Promise<string> => locked(rotator.kv, 'db', async () => 'held');

  it('is free again afterwards, also after a failure', async () => {
    await expect(take()).resolves.toBe('held');
    await expect(locked(rotator.kv, 'db', () => Promise.reject(new Error('no')))).rejects.toThrow();
    expect(vault.at(LOCK)).toEqual({ free: 'yes' });
    await expect(take()).resolves.toBe('held');
  });

  it('is not taken from a process that runs, and says who and for how long', async () => {
    const work = Promise.withResolvers<void>();
    const first = locked(rotator.kv, 'db', () => work.promise);
    await new Promise((resolve) => setImmediate(resolve));
    later(1);
    await expect(take()).rejects.toThrow(
      new RegExp(`Process ${process.pid} of .* since 60 s.*in 840 s`),
    );
    work.resolve();
    await first;
    await expect(take()).resolves.toBe('held');
  });

  it('is taken over at once from a process that died here, also when its number runs again', async () => {
    const dead = spawnSync('true').pid;
    vault.put(LOCK, { host: 'here', ...ownMark(), pid: dead, begun: '1' });
    await expect(take()).resolves.toBe('held');
    vault.put(LOCK, { host: 'here', ...ownMark(), begun: '1' });
    await expect(take()).resolves.toBe('held');
  });

  it('of another machine, or another container of this one, is left for a quarter of an hour', async () => {
    const elsewhere = { host: 'here', place: 'elsewhere', pid: spawnSync('true').pid, begun: '1' };
    vault.put(LOCK, elsewhere);
    for (const _ of [1, 2, 3]) {
      await expect(take()).rejects.toThrow('rotates it since');
      later(4.9);
    }
    later(0.4);
    await expect(take()).resolves.toBe('held');
  });

  it('is renewed while the work goes on, and given back at its newest version', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const work = Promise.withResolvers<void>();
    const first = locked(rotator.kv, 'db', () => work.promise);
    for (let n = 0; n < 3; n += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      jest.advanceTimersByTime(2 * MINUTE);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(vault.documents.get(LOCK)).toHaveLength(4);
    work.resolve();
    await first;
    expect(vault.at(LOCK)).toEqual({ free: 'yes' });
  });

  it('is one’s only: of two that find it free one is first', async () => {
    const work = Promise.withResolvers<string>();
    const both = [1, 2].map(() => locked(rotator.kv, 'db', () => work.promise));
    const ended = Promise.allSettled(both);
    await new Promise((resolve) => setImmediate(resolve));
    work.resolve('held');
    expect(await ended).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { message: expect.stringContaining('was first') } },
    ]);
  });
});

/** A rotation of nothing, which notes what is done. */
class Played implements Rotation {
  readonly secret = 'db';
  readonly promotes = 'TWO';
  readonly done: string[] = [];
  /** The step that fails, once. */
  fails = '';

  get steps(): Rotation['steps'] {
    return ['ONE', 'TWO', 'THREE'].map((state) => ({
      ...{ state, summary: state.toLowerCase() },
      act: async () => {
        this.done.push(state);
        if (this.fails !== state) return { [state.toLowerCase()]: 'noted' };
        this.fails = '';
        throw new Error(`${state} fails`);
      },
    }));
  }

  async look(): Promise<{ from: string; to: string }> {
    return { from: 'old', to: 'new' };
  }

  async undo(): Promise<void> {
    this.done.push('undo');
  }
}

describe('a rotation', () => {
  it('does each step once, in order, and is told of in one line', async () => {
    const played = new Played();
    const { id } = await begin(played, rotator);
    expect(played.done).toEqual(['ONE', 'TWO', 'THREE']);
    expect(vault.at(JOURNAL)).toMatchObject({ id, state: 'LOGGED', from: 'old', to: 'new' });
    expect(entries()).toEqual([
      expect.stringMatching(
        new RegExp(`db: old → new; done; rotation ${id}.*one noted; two noted`),
      ),
    ]);
  });

  it.each(['ONE', 'TWO', 'THREE'])('that fails at %s goes on there', async (state) => {
    const played = new Played();
    played.fails = state;
    await expect(begin(played, rotator)).rejects.toThrow(`${state} fails`);
    await expect(begin(played, rotator)).rejects.toThrow('--resume, or --abort');
    expect((await resume(played, rotator)).state).toBe('LOGGED');
    expect(played.done.toSorted()).toEqual(['ONE', 'TWO', 'THREE', state].toSorted());
    expect(entries()).toHaveLength(1);
    await expect(resume(played, rotator)).rejects.toThrow('No rotation stands still');
    await expect(abort(played, rotator)).rejects.toThrow('No rotation stands still');
  });

  it.each([
    ['BEGUN', 'ONE', true],
    ['ONE', 'TWO', true],
    ['TWO', 'THREE', false],
  ])('that stands at %s is taken back: %s would be next', async (state, next, may) => {
    const played = new Played();
    played.fails = next;
    await expect(begin(played, rotator)).rejects.toThrow(`${next} fails`);
    expect(vault.at(JOURNAL)).toMatchObject({ state });
    played.done.splice(0);
    if (may) {
      expect((await abort(played, rotator)).state).toBe('ABORTED');
      expect(played.done).toEqual(['undo']);
      expect(entries()).toEqual([expect.stringContaining('; aborted; ')]);
      await expect(resume(played, rotator)).rejects.toThrow('No rotation stands still');
      await expect(begin(played, rotator)).resolves.toMatchObject({ state: 'LOGGED' });
    } else {
      await expect(abort(played, rotator)).rejects.toThrow('It was promoted (TWO)');
      expect([played.done, vault.at(JOURNAL)['state'], entries()]).toEqual([[], 'TWO', []]);
    }
  });

  it('whose last write was not answered is entered once', async () => {
    const played = new Played();
    let isCut = false;
    vault.watch = (path, { body }, when) => {
      const isIt = path === JOURNAL && JSON.stringify(body ?? '').includes('"LOGGED"');
      if (isCut || when === 'after' || !isIt) return;
      isCut = true;
      throw new Error('the power is gone');
    };
    await expect(begin(played, rotator)).rejects.toThrow('the power is gone');
    expect(entries()).toHaveLength(1);
    await resume(played, rotator);
    expect(entries()).toHaveLength(1);
  });

  it('is entered whole after a program that was killed in the middle of its line', async () => {
    const played = new Played();
    played.fails = 'THREE';
    await expect(begin(played, rotator)).rejects.toThrow('fails');
    const half = `- 2026; db: old → new; done; rotation ${String(vault.at(JOURNAL)['id'])}, be`;
    fs.writeFileSync(rotator.runbook, half);
    const { id } = await resume(played, rotator);
    expect(entries()).toEqual([half, expect.stringContaining(`rotation ${id}, begun`)]);
  });

  it('is not begun when it could not be told of', async () => {
    const nowhere = { ...rotator, runbook: join(folder, 'none', 'runbook.md') };
    await expect(begin(new Played(), nowhere)).rejects.toThrow(/cannot be written \(ENOENT\)/);
    expect(vault.at(JOURNAL)).toEqual({});
  });

  it('that another one overtook says so, and writes nothing', async () => {
    const overtaken = new Played();
    const act = async (): Promise<void> => {
      vault.put(JOURNAL, { ...vault.at(JOURNAL), state: 'LOGGED' });
      throw new Error('it finds things changed');
    };
    const steps = [{ state: 'ONE', summary: 'one', act }];
    jest.spyOn(overtaken, 'steps', 'get').mockReturnValue(steps);
    await expect(begin(overtaken, rotator)).rejects.toThrow('somebody else wrote it meanwhile');
    expect([vault.documents.get(JOURNAL)?.length, entries()]).toEqual([2, []]);
  });
});

describe('waiting', () => {
  it('counts what was looked at, by no clock that is set, and not while it stood still', () => {
    let now = 100;
    const watch = new Watch(() => now);
    watch.look();
    expect(watch.seconds).toBe(0);
    for (now of [101, 103, 3_603, 3_604]) watch.look();
    expect(watch.seconds).toBe(1 + 2 + 5 + 1);
    watch.reset();
    now = 9_000;
    watch.look();
    expect(watch.seconds).toBe(0);
  });

  it('is told once, and again when something changed', async () => {
    const voice = new Voice(rotator.report);
    for (const what of ['2 left', '2 left', '1 left']) voice.waits(what);
    await waitFor(0.01, 'backups may end', rotator.report);
    expect(said.map((line) => line.replace(/^… +/, ''))).toEqual([
      ...['2 left', '1 left', 'backups may end, 1 s more'],
    ]);
  });
});
