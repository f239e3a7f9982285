import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { run } from '#test';

interface Said {
  readonly concern: string;
  readonly state?: string;
  readonly sentence: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const DUMPS = ['20261118T053000Z', '20261119T053000Z', '20261120T053000Z'];

/** What `ofitec backup` says of a folder, without a database or any other program. */
describe('ofitec backup', () => {
  let folder: string;
  const within = (...names: string[]): string => join(folder, ...names);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-backup-'));
    mkdirSync(within('dumps'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function backup<T>(
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<{ code: number | null; said: T }> {
    const program = join('dist', 'infra', 'backups', 'main.js');
    const { code, output } = await run(process.execPath, [program, ...args, '--json'], {
      env: { BACKUP_DIR: folder, ...env },
    }).end();
    return { code, said: JSON.parse(output.slice(output.search(/^[[{]/m))) as T };
  }

  /** What is said of the restore test that was done then. */
  async function tested(test: object | null, env: Record<string, string> = {}): Promise<Said> {
    writeFileSync(within('state.json'), JSON.stringify(test ? { restoreTest: test } : {}));
    const { code, said } = await backup<Said[]>(['status'], env);
    // There is no dump.
    expect(code).toBe(2);
    return said.find(({ concern }) => concern === 'restore-test') as Said;
  }

  it.each([
    ['32 days less an hour ago', 32 * DAY_MS - HOUR_MS, {}, 'good'],
    ['32 days and an hour ago', 32 * DAY_MS + HOUR_MS, {}, 'late'],
    ['as long ago as it may be told', 3 * DAY_MS - HOUR_MS, { BACKUP_TEST_MAX_AGE_DAYS: '3' }, 'good'],
    ['longer ago than it is told', 3 * DAY_MS + HOUR_MS, { BACKUP_TEST_MAX_AGE_DAYS: '3' }, 'late'],
    ['by a clock that is two hours ahead', -2 * HOUR_MS, {}, 'late'],
    ['by a clock that is half an hour ahead', -HOUR_MS / 2, {}, 'good'],
  ])('says of a restore test that was done %s what it is worth', async (_, agoMs, env, state) => {
    const at = new Date(Date.now() - agoMs).toISOString();
    const said = await tested({ at, good: true, dump: 'the dump' }, env);
    expect(said).toMatchObject({ state, at, sentence: expect.stringContaining('the dump') });
  }); // prettier-ignore

  it('says of a restore test that failed, and of none, that it is not good', async () => {
    const at = new Date().toISOString();
    expect((await tested({ at, good: false, dump: 'the dump' })).state).toBe('bad');
    expect(await tested(null)).toMatchObject({ state: 'late', at: null });
  });

  it.each([
    ['1', DUMPS],
    ['2', DUMPS.slice(0, 2)],
    ['3', DUMPS.slice(0, 1)],
    ['4', []],
  ])('says before a run that keeps %s which dumps it would remove', async (keep, old) => {
    for (const id of DUMPS) mkdirSync(within('dumps', id));
    const { code, said } = await backup<Said[]>(['run', '--only', 'dump', '--dry-run'], {
      BACKUP_KEEP_DUMPS: keep,
    });
    const removed = old.length > 0 ? ` and remove ${old.join(', ')}` : '';
    expect([code, said[0]?.sentence]).toEqual([0, `would dump into ${within('dumps')}${removed}`]);
    expect(readdirSync(within('dumps')).sort()).toEqual(DUMPS);
  });

  it('removes what restore tests made, its own and one that was killed, and nothing else', async () => {
    mkdirSync(within('place', 'restore-test-killed', 'data'), { recursive: true });
    mkdirSync(within('place', 'de-alguien'));
    writeFileSync(within('place', 'LEEME'), 'de alguien');
    const { code, said } = await backup<{ good: boolean; looks: Said[] }>(['restore-test'], {
      BACKUP_SCRATCH_DIR: within('place'),
    });
    expect([code, said.good, said.looks.map(({ sentence }) => sentence)]).toEqual([
      ...[2, false, [`${within('dumps')} holds no dump.`]],
    ]);
    expect(readdirSync(within('place')).sort()).toEqual(['LEEME', 'de-alguien']);
  });
});
