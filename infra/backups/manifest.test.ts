import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DamagedBackup, differences, readManifest, sealManifest, verifyDump } from './manifest.js';
import type { Manifest, TableFigures } from './manifest.js';

const PAYMENTS: TableFigures = { rows: '3', digest: '71', sums: { amount: '9000' } };

const found = (change: Partial<TableFigures>): string[] =>
  differences({ payments: PAYMENTS }, { payments: { ...PAYMENTS, ...change } });

describe('what a database holds beside what was dumped', () => {
  it('is nothing where all is as it was', () => {
    expect(found({})).toEqual([]);
  });

  it('is a table too many, and one too few', () => {
    expect(differences({ payments: PAYMENTS }, { sales: PAYMENTS })).toEqual([
      'payments: is missing',
      'sales: is there and was not dumped',
    ]);
  });

  it.each([
    [{ rows: '2' }, 'payments: 2 rows instead of 3'],
    [{ sums: { amount: '9001' } }, 'payments.amount: 9001 instead of 9000'],
    [{ sums: {} }, 'payments.amount: nothing instead of 9000'],
    [{ digest: '72' }, 'payments: rows with other content'],
  ])('is %j', (change, said) => {
    expect(found(change)).toEqual([said]);
  });
});

/** What a crash, a full disk or somebody may have left of a dump and of what lies beside it. */
describe('a stored dump', () => {
  const DUMP = Buffer.from('the whole of the dump');
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-manifest-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const sha256 = createHash('sha256').update(DUMP).digest('hex');
  const manifest: Manifest = sealManifest({
    ...{ id: '20261122T053000Z', takenAt: '2026-11-22T05:30:00.000Z', dumpedBy: 'pg_dump' },
    database: {
      ...{ name: 'ofitec', systemId: '1', installation: 'one', serverVersion: '15' },
      ...{ collate: 'C', ctype: 'C' },
    },
    ...{ nextTransaction: '1', addons: {}, migrations: [], roles: [], audit: [] },
    tables: { payments: PAYMENTS },
    dump: { file: 'ofitec.dump', bytes: DUMP.length, sha256 },
  });
  const text = JSON.stringify(manifest, null, 2);
  const write = (name: string, content: string | Buffer): void =>
    writeFileSync(join(folder, name), content);

  it('has a manifest that is read as it was written', () => {
    write('manifest.json', text);
    expect(readManifest(folder)).toEqual(manifest);
  });

  it.each([
    ['empty', '', /is empty/],
    ['a line end alone', '\n', /no JSON/],
    ['torn in the middle', text.slice(0, text.length / 2), /no JSON/],
    ['without its last character', text.slice(0, -1), /no JSON/],
    ['a page that was never written', '\0'.repeat(text.length), /no JSON/],
    ['null', 'null', /not a manifest/],
    ['a list', '[]', /not a manifest/],
    ['of another program', '{"format": "other/1"}', /not a manifest/],
    ['of another format', text.replace('backup/1', 'backup/2'), /not a manifest/],
    ['with an edited sum', text.replace('9000', '9001'), /was edited/],
    ['with an edited hash of the dump', text.replace(sha256, '0'.repeat(64)), /was edited/],
    ['without its hash', text.replace(/,\s*"sha256": "\w+"\s*}\s*$/, '}'), /was edited/],
  ])('is damaged when its manifest is %s', (_, content, words) => {
    write('manifest.json', content);
    expect(() => readManifest(folder)).toThrow(DamagedBackup);
    expect(() => readManifest(folder)).toThrow(words);
  });

  it('is damaged when its manifest is not there', () => {
    expect(() => readManifest(folder)).toThrow(DamagedBackup);
    expect(() => readManifest(folder)).toThrow(/cannot be read \(ENOENT\)/);
  });

  it('is whole when each byte is as it was', async () => {
    write('ofitec.dump', DUMP);
    await expect(verifyDump(folder, manifest)).resolves.toBeUndefined();
  });

  it.each([
    ['empty', Buffer.alloc(0), /is empty/],
    ['a byte short', DUMP.subarray(0, -1), /is truncated, 20 of 21 bytes/],
    ['a byte longer', Buffer.concat([DUMP, DUMP.subarray(0, 1)]), /hash differs/],
    ['as long, with other bytes', Buffer.alloc(DUMP.length), /hash differs/],
  ])('is damaged when it is %s', async (_, content, words) => {
    write('ofitec.dump', content);
    await expect(verifyDump(folder, manifest)).rejects.toThrow(words);
    await expect(verifyDump(folder, manifest)).rejects.toThrow(DamagedBackup);
  });

  it('is damaged when it is not there', async () => {
    await expect(verifyDump(folder, manifest)).rejects.toThrow(/the dump is missing/);
  });
});
