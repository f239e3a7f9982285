import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BackupPlan } from './config.js';
import { PgBackRest } from './physical.js';

type Taken = readonly [type: string, begunDaysAgo: number, endedDaysAgo: number];

const PHYSICAL = { stanza: 'ofitec', configFile: null, fullEveryDays: 7 };

/** What is made of the answers of pgBackRest, which is played. */
describe('the physical backups', () => {
  const path = process.env['PATH'] ?? '';
  let folder: string;
  let pgbackrest: PgBackRest;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-physical-'));
    mkdirSync(join(folder, 'bin'));
    process.env['PATH'] = `${join(folder, 'bin')}:${path}`;
    pgbackrest = new PgBackRest(PHYSICAL, { osUser: null } as BackupPlan);
  });

  afterEach(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true, force: true });
  });

  function lists(stanzas: Readonly<Record<string, readonly Taken[]>>): void {
    const at = (days: number): number => Math.floor(Date.now() / 1_000 - days * 86_400);
    const info = Object.entries(stanzas).map(([name, taken]) => ({
      ...{ name, archive: [], status: { code: 0, message: 'ok' } },
      backup: taken.map(([type, begun, ended]) => ({
        ...{ label: `${type} of ${ended}`, type, error: false },
        timestamp: { start: at(begun), stop: at(ended) },
      })),
    }));
    const script = `#!/bin/sh\necho "$*" >> '${folder}/told'\necho '${JSON.stringify(info)}'\n`;
    writeFileSync(join(folder, 'bin', 'pgbackrest'), script, { mode: 0o755 });
  }

  it.each<[string, readonly Taken[], string]>([
    ['none', [], 'full'],
    ['one that differs from nothing', [['diff', 1, 1]], 'full'],
    // A weekly timer that fires a few minutes earlier than the week before.
    ['a full one of a week less five hours', [['full', 6.8, 6.8]], 'full'],
    ['a full one of a week less seven hours', [['full', 6.71, 6.71]], 'diff'],
    ['one that took hours: by its end', [['full', 7, 6.6]], 'diff'],
    ['an old full one and what differed since', [['full', 8, 8], ['diff', 1, 1]], 'full'],
    ['two full ones: by the younger', [['full', 9, 9], ['full', 2, 2]], 'diff'],
    ['a full one and what differed since', [['full', 3, 3], ['diff', 1, 1], ['incr', 0.5, 0.5]], 'diff'],
  ])('are due after %s', async (_, taken, kind) => {
    lists({ ofitec: taken });
    expect(await pgbackrest.due()).toBe(kind);
  }); // prettier-ignore

  it('are those of one stanza: a full one of another database is none', async () => {
    lists({ other: [['full', 1, 1]], ofitec: [['full', 8, 8]] });
    expect(await pgbackrest.due()).toBe('full');
    lists({ other: [['full', 1, 1]] });
    expect(await pgbackrest.due()).toBe('full');
  });

  it('are taken of the kind that is asked for, and the newest is the answer', async () => {
    lists({ ofitec: [['full', 3, 3], ['diff', 0, 0]] }); // prettier-ignore
    expect((await pgbackrest.backup('diff')).label).toBe('diff of 0');
    const [first] = readFileSync(join(folder, 'told'), 'utf8').split('\n');
    expect(first?.split(' ')).toEqual(expect.arrayContaining(['--stanza=ofitec', '--type=diff', 'backup'])); // prettier-ignore
  });
});
