import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BackupPlace, instantOf, stampOf } from './place.js';

const DUMPS = ['20261118T053000Z', '20261119T053000Z', '20261120T053000Z', '20261121T053000Z'];

describe('the folder of the backups', () => {
  let folder: string;
  let place: BackupPlace;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-place-'));
    place = new BackupPlace(folder);
    place.make();
    for (const id of DUMPS) mkdirSync(place.dump(id));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([0, 1, 2, 3, 4, 5])('keeps the newest %d dumps', (keep) => {
    const old = DUMPS.slice(0, Math.max(0, DUMPS.length - keep));
    expect(place.expire(keep, true)).toEqual(old);
    expect(place.finished()).toEqual(DUMPS);
    expect(place.expire(keep)).toEqual(old);
    expect(place.finished()).toEqual(DUMPS.filter((id) => !old.includes(id)));
  });

  it('counts and removes nothing that is no finished dump', () => {
    const half = place.begin('20261122T053000Z');
    mkdirSync(join(place.dumps, 'antes-de-la-migracion'));
    writeFileSync(join(place.dumps, 'LEEME'), 'de alguien');
    expect(place.expire(4)).toEqual([]);
    expect(existsSync(half)).toBe(true);
    expect(place.sweep()).toEqual(['.partial-20261122T053000Z']);
    expect(readdirSync(place.dumps).sort()).toEqual([...DUMPS, 'LEEME', 'antes-de-la-migracion']);
  });

  it('names a dump by its instant, and reads it back', () => {
    const at = new Date('2026-11-22T05:30:09.000Z');
    expect(stampOf(at)).toBe('20261122T053009Z');
    expect(instantOf(stampOf(at))).toBe(at.toISOString());
    expect(instantOf('ofitec')).toBeNull();
  });
});
