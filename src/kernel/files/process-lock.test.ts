import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProcessLock } from './process-lock.js';
import { begunOf, isGone, ownMark, runsHere } from './process-mark.js';

describe('a process, seen from another', () => {
  it('runs, or has surely ended', () => {
    expect([runsHere(ownMark()), isGone(ownMark())]).toEqual([true, false]);
    const ended = { ...ownMark(), pid: spawnSync('true').pid, begun: '1' };
    expect([runsHere(ended), isGone(ended)]).toEqual([false, true]);
    // Its number is another process's by now.
    const before = { ...ownMark(), begun: '1' };
    expect([runsHere(before), isGone(before)]).toEqual([false, true]);
  });

  it('of another machine or container may run, and does not run here', () => {
    const elsewhere = { ...ownMark(), place: 'another' };
    expect([runsHere(elsewhere), isGone(elsewhere)]).toEqual([false, false]);
  });

  it('that /proc does not show runs as long as the kernel knows of it: it may be another user’s', () => {
    const unseen = (): null => null;
    expect(isGone({ ...ownMark(), begun: 'x' }, unseen)).toBe(false);
    expect(isGone({ ...ownMark(), pid: spawnSync('true').pid }, unseen)).toBe(true);
  });

  it('that only waits to be buried does nothing any more', () => {
    expect(isGone(ownMark(), () => '')).toBe(true);
  });
});

describe('a lock of a process', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'ofitec-test-lock-'));
    file = join(folder, 'lock');
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  const names = (): string[] => fs.readdirSync(folder);

  it('is held by one at a time, and given back by its holder only', () => {
    const lock = new ProcessLock(file);
    expect(lock.take()).toBeNull();
    expect([new ProcessLock(file).take(), lock.holder()]).toEqual([process.pid, process.pid]);
    expect(names()).toEqual(['lock']);
    lock.release();
    expect([names(), lock.holder()]).toEqual([[], null]);
  });

  it('is not taken from another process that lives, and at once from one that was killed', async () => {
    const other = spawn('sleep', ['60']);
    await once(other, 'spawn');
    const pid = other.pid ?? 0;
    const { place } = ownMark();
    fs.writeFileSync(file, `${pid} ${begunOf(pid)} ${place}`);
    const lock = new ProcessLock(file);
    expect(lock.take()).toBe(pid);
    lock.release();
    expect(lock.holder()).toBe(pid);
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect([lock.take(), lock.holder()]).toEqual([null, process.pid]);
    expect(names()).toEqual(['lock']);
  });

  it.each([
    ['nothing', ''],
    ['what nobody understands', 'not a process'],
    ['a holder of a container that is gone', `1 1 00000000`],
  ])('that holds %s is free', (_, text) => {
    fs.writeFileSync(file, text);
    const lock = new ProcessLock(file);
    expect(lock.holder()).toBeNull();
    expect([lock.take(), lock.holder()]).toEqual([null, process.pid]);
  });
});
