import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Spool, SpoolFull } from './spool.js';
import type { SpoolEntry } from './spool.js';

const entry = (number: number, more: Partial<SpoolEntry> = {}): SpoolEntry => ({
  id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
  ...{ type: 'database.unavailable', key: '', good: false, label: 'gone', count: 1 },
  firstAt: new Date(number * 1000).toISOString(),
  lastAt: new Date(number * 1000).toISOString(),
  ...more,
});

describe('the spool', () => {
  let folder: string;
  let spool: Spool;

  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'ofitec-spool-')), 'alerts');
    spool = new Spool(folder);
  });

  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  it('is empty where there is no folder, and makes none for looking', () => {
    expect(spool.list()).toEqual([]);
    expect(() => statSync(folder)).toThrow('ENOENT');
  });

  it('keeps entries oldest first, for nobody else to read, until they are removed', () => {
    for (const number of [3, 1, 2]) spool.put(entry(number));
    expect(spool.list().map(({ entry: { id } }) => id.at(-1))).toEqual(['1', '2', '3']);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, `${entry(1).id}.json`)).mode & 0o777).toBe(0o600);
    for (const spooled of spool.list().slice(1)) spool.remove(spooled);
    expect(spool.list()).toHaveLength(1);
  });

  it('refuses what is beyond its bound, and says so', () => {
    for (let number = 0; number < 200; number += 1) spool.put(entry(number));
    expect(() => spool.put(entry(200))).toThrow(SpoolFull);
    expect(() => spool.share('database.unavailable', entry(201))).toThrow(SpoolFull);
    expect(spool.list()).toHaveLength(200);
  });

  it('keeps no example that is too large, but what it is an example of', () => {
    spool.put(entry(1, { details: { text: 'x'.repeat(100_000) } }));
    expect(spool.list()[0]?.entry).toEqual(entry(1));
    expect(statSync(join(folder, `${entry(1).id}.json`)).size).toBeLessThan(16_384);
  });

  it('removes what a writer left that was killed, and not what one is writing', () => {
    spool.put(entry(1));
    const [left, fresh] = [1, 2].map((n) => join(folder, `.${entry(n).id}.4194305`));
    for (const path of [left, fresh]) writeFileSync(path ?? '', '{"id": "0');
    const before = new Date(Date.now() - 3_700_000);
    utimesSync(left ?? '', before, before);
    expect(spool.list()).toHaveLength(1);
    expect(readdirSync(folder).sort()).toEqual([
      ...[`.${entry(2).id}.4194305`, `${entry(1).id}.json`],
    ]);
  });

  it('puts aside what is no entry, and goes on with the rest', () => {
    spool.put(entry(1));
    for (const [name, text] of [
      ['half', '{"id": "0'],
      ['other', '{"id": 1}'],
      ['list', '[]'],
      ['long', `"${'x'.repeat(20_000)}"`],
      ['never', JSON.stringify({ ...entry(2), firstAt: 'never' })],
      ['loud', JSON.stringify({ ...entry(2), severity: 'loud' })],
      ['none', JSON.stringify({ ...entry(2), count: 0 })],
      ['nul', JSON.stringify({ ...entry(2), label: 'a\0b' })],
      ['half a character', JSON.stringify({ ...entry(2), details: { text: '\ud800' } })],
      ['nobody', JSON.stringify({ ...entry(2), told: { at: 'then', subscriptionIds: 'all' } })],
    ] as const) {
      writeFileSync(join(folder, `${name}.json`), text);
    }
    // What cannot be read at all, as another user's file, stays where it is.
    mkdirSync(join(folder, 'folder.json'));
    expect(spool.list()).toHaveLength(1);
    expect(spool.list()).toHaveLength(1);
    const aside = readdirSync(folder).filter((name) => name.endsWith('.unreadable'));
    expect(aside).toHaveLength(10);
    expect(readdirSync(folder)).toContain('folder.json');
  });

  it('is shared under a name: the first one is kept, and renewed only by itself', () => {
    expect(spool.share('one', entry(1))).toEqual(entry(1));
    expect(new Spool(folder).share('one', entry(2))).toEqual(entry(1));
    spool.renew('one', entry(2, { count: 9 }));
    expect(spool.list().map(({ entry: { count } }) => count)).toEqual([1]);
    spool.renew('one', entry(1, { count: 5 }));
    const [kept] = spool.list();
    expect(kept?.entry.count).toBe(5);
    if (kept) spool.remove(kept);
    // It was recorded meanwhile: writing it anew would record it twice.
    spool.renew('one', entry(1, { count: 6 }));
    expect(spool.list()).toEqual([]);
  });

  it('holds whole entries, and every one that was kept, whenever its writer is killed', async () => {
    const program = `
      import { Spool } from ${JSON.stringify(resolve('dist/modules/operational-alerts/spool/spool.js'))};
      const spool = new Spool(${JSON.stringify(folder)});
      const at = new Date().toISOString();
      for (let n = 0; n < 190; n += 1) {
        const id = '00000000-0000-7000-8000-' + String(n).padStart(12, '0');
        spool.put({ id, type: 't.t', key: 'k'.repeat(4000), good: false, label: 'l', count: 1, firstAt: at, lastAt: at });
        console.log(n);
      }
      setInterval(() => {}, 1000);`;
    for (const after of [1, 20, 60]) {
      rmSync(folder, { recursive: true, force: true });
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let acknowledged = -1;
      await new Promise<void>((done) => {
        child.stdout.on('data', (chunk: Buffer) => {
          acknowledged = Number(String(chunk).trim().split('\n').at(-1));
          if (acknowledged >= after) child.kill('SIGKILL');
        });
        child.on('exit', () => done());
      });
      const ids = spool.list().map(({ entry: { id } }) => Number(id.slice(-12)));
      expect(ids.length).toBeGreaterThan(after);
      expect(ids).toEqual(
        expect.arrayContaining(Array.from({ length: acknowledged }, (_, n) => n)),
      );
      expect(readdirSync(folder).filter((name) => name.endsWith('.unreadable'))).toEqual([]);
    }
  });
});
