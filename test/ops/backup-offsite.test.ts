import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PG15, run } from '#test';
import type { Ended, RestoreEvidence, Standing } from '#test';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const KEEP = { daily: 2, weekly: 3, monthly: 4 };

interface Stored {
  readonly time: string;
  readonly hostname: string;
  readonly tags?: readonly string[];
}

/** The off-site copy and what is kept of it, by a real restic and no database; programs that lie are played. */
describe('backups elsewhere', () => {
  let folder: string;
  const path = process.env['PATH'] ?? '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-offsite-'));
    for (const name of ['backups/dumps', 'spool', 'bin']) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 }); // prettier-ignore
    writeFileSync(join(folder, 'password'), 'the password of the repository elsewhere', { mode: 0o600 }); // prettier-ignore
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** `ofitec backup …`; its programs are looked for in `bin` first. */
  function backup(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    return run(process.execPath, [join('dist', 'infra', 'backups', 'main.js'), ...args], {
      env: {
        ...{ PATH: `${join(folder, 'bin')}:${path}`, TZ: 'UTC' },
        BACKUP_DIR: join(folder, 'backups'),
        BACKUP_ALERT_SPOOL: join(folder, 'spool'),
        BACKUP_POSTGRES_BIN: PG15,
        BACKUP_RESTIC_REPOSITORY: join(folder, 'repository'),
        BACKUP_RESTIC_PASSWORD_FILE: join(folder, 'password'),
        BACKUP_RESTIC_KEEP_DAILY: String(KEEP.daily),
        BACKUP_RESTIC_KEEP_WEEKLY: String(KEEP.weekly),
        BACKUP_RESTIC_KEEP_MONTHLY: String(KEEP.monthly),
        ...env,
      },
    }).end();
  }

  async function told<T>(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | null; said: T }> {
    const { code, output } = await backup([...args, '--json'], env);
    return { code, said: JSON.parse(output) as T };
  } // prettier-ignore

  /** The real one, as somebody at the storage would use it. */
  async function restic(...args: string[]): Promise<string> {
    const env = { TZ: 'UTC', RESTIC_REPOSITORY: join(folder, 'repository'), RESTIC_PASSWORD_FILE: join(folder, 'password') }; // prettier-ignore
    const { code, output } = await run('restic', ['--no-cache', '--quiet', ...args], { env }).end();
    expect([args, code, output]).toEqual([args, 0, output]);
    return output;
  }

  const stored = async (...args: string[]): Promise<Stored[]> =>
    JSON.parse(await restic('snapshots', '--json', ...args)) as Stored[];

  /** Another program in the place of a real one. */
  function play(name: string, script: string): void {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  function alert(concern: string): { good: boolean; label: string } {
    const host = hostname().replaceAll(/[^\w.-]/g, '_');
    const file = join(folder, 'spool', `infra-backup.missing-${host}_${concern}.json`);
    return JSON.parse(readFileSync(file, 'utf8')) as { good: boolean; label: string };
  }

  const dumps = (): string[] => readdirSync(join(folder, 'backups', 'dumps')).sort();

  /** A finished dump that was taken so long ago; it opens as one and holds nothing that could be restored. */
  function dump(hours: number): string {
    const at = new Date(Date.now() - hours * HOUR_MS);
    const id = `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    const place = join(folder, 'backups', 'dumps', id);
    mkdirSync(place);
    const bytes = Buffer.from('no dump at all');
    writeFileSync(join(place, 'ofitec.dump'), bytes);
    const content = {
      ...{ format: 'ofitec.backup/1', id, takenAt: at.toISOString() },
      database: { name: 'ofitec', systemId: '1', installation: 'one', serverVersion: '15', collate: 'C', ctype: 'C' },
      ...{ dumpedBy: 'nobody', nextTransaction: '1000', addons: {}, migrations: [], roles: [], tables: {}, audit: [] },
      dump: { file: 'ofitec.dump', bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
    };
    const sha256 = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    writeFileSync(join(place, 'manifest.json'), JSON.stringify({ ...content, sha256 }));
    return id;
  } // prettier-ignore

  /** The newest of each of the last so many days, weeks and months in which there is any: what a policy keeps. */
  function kept(times: readonly string[]): string[] {
    const newest = times.toSorted().toReversed();
    const bucket = {
      daily: (at: Date) => at.toISOString().slice(0, 10),
      // The Monday of it.
      weekly: (at: Date) => new Date(at.getTime() - ((at.getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10),
      monthly: (at: Date) => at.toISOString().slice(0, 7),
    };
    const all = (Object.keys(KEEP) as (keyof typeof KEEP)[]).flatMap((kind) => {
      const first = new Map<string, string>();
      for (const time of newest) {
        const name = bucket[kind](new Date(time));
        if (!first.has(name)) first.set(name, time);
      }
      return [...first.values()].slice(0, KEEP[kind]);
    });
    return [...new Set(all)].sort();
  } // prettier-ignore

  it('keeps what it is told of days, weeks and months, and touches nothing of others', async () => {
    expect((await backup(['setup'])).code).toBe(0);
    const place = join(folder, 'backups', 'dumps', dump(1));
    const seed = async (days: number, hour: string, ...args: string[]): Promise<void> => {
      const day = new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
      await restic('backup', '--time', `${day} ${hour}:00:00`, ...args, place);
    };
    const ours = ['--tag', 'ofitec-dump'];
    for (const [days, hour] of [[1, '03'], [1, '15'], [2, '03'], [3, '03'], [9, '03'], [16, '03'], [40, '03'], [75, '03'], [110, '03'], [145, '03']] as const) {
      await seed(days, hour, ...ours);
    }
    // Another program's, and another host's of the same kind: old and alone in their day.
    for (const days of [200, 201, 202]) await seed(days, '03', '--tag', 'photos');
    for (const days of [2, 3]) await seed(days, '23', ...ours, '--host', 'standby');
    const before = await stored('--host', hostname(), ...ours);
    const ran = await told<Standing[]>(['run', '--only', 'offsite']);
    expect([ran.code, ran.said]).toEqual([0, [expect.objectContaining({ good: true })]]);
    expect(alert('offsite')).toMatchObject({ good: true });
    const after = await stored('--host', hostname(), ...ours);
    const now = after.map(({ time }) => time).sort().at(-1) ?? '';
    const wanted = kept([...before.map(({ time }) => time), now]);
    expect(after.map(({ time }) => time).sort()).toEqual(wanted);
    // It is a policy that takes something away, and not all of it.
    expect([before.length, wanted.length < before.length, wanted.length > KEEP.monthly]).toEqual([10, true, true]);
    expect(await stored('--tag', 'photos')).toHaveLength(3);
    expect(await stored('--host', 'standby')).toHaveLength(2);
  }, 120_000); // prettier-ignore

  it('calls a copy as old as the dump in it', async () => {
    expect((await backup(['setup'])).code).toBe(0);
    const id = dump(30);
    const ran = await told<Standing[]>(['run', '--only', 'offsite']);
    expect([ran.code, ran.said[0]?.sentence]).toEqual([1, expect.stringContaining(`${id} was copied, and is 30 hours old`)]); // prettier-ignore
    expect(alert('offsite')).toMatchObject({ good: false });
    // It is there all the same, for whoever needs it.
    expect(await stored('--tag', 'ofitec-dump')).toHaveLength(1);
    const { code, said } = await told<Standing[]>(['status']);
    expect([code, said.find(({ concern }) => concern === 'offsite')]).toEqual([2, expect.objectContaining({ state: 'late', sentence: expect.stringContaining('30 hours old') })]); // prettier-ignore
  }, 60_000);

  it.each([
    ['that says yes and does nothing', 'case "$*" in *snapshots*) echo "[]" ;; esac', /the copy is not listed/],
    ['that lists another dump’s copy', `case "$*" in *snapshots*) echo '[{"id":"ab","time":"2026-11-22T00:00:00Z","tags":["ofitec-dump"],"paths":["/elsewhere"]}]' ;; esac`, /the copy is not listed/],
    ['that cannot write', 'case "$*" in *backup*) echo "Fatal: unable to save snapshot: no space left" >&2; exit 1 ;; esac', /no space left/],
    ['that leaves files out', 'case "$*" in *backup*) echo "Warning: at least one source file could not be read" >&2; exit 3 ;; esac', /could not be read/],
    ['that cannot forget', 'case "$*" in *snapshots*) echo "[{\\"id\\":\\"ab\\",\\"time\\":\\"2026-11-22T00:00:00Z\\",\\"tags\\":[\\"ofitec-dump\\"],\\"paths\\":[\\"$DUMP\\"]}]" ;; *forget*) echo "Fatal: lock" >&2; exit 1 ;; esac', /restic forget: Fatal: lock/],
  ])('believes no restic %s', async (_, script, words) => {
    const place = join(folder, 'backups', 'dumps', dump(1));
    play('restic', script.replace('$DUMP', place));
    const { code, said } = await told<Standing[]>(['run', '--only', 'offsite']);
    expect([code, said]).toEqual([1, [{ concern: 'offsite', good: false, sentence: expect.stringMatching(words) }]]);
    expect(alert('offsite')).toMatchObject({ good: false, label: expect.stringMatching(words) });
  }, 60_000); // prettier-ignore

  it('believes no check that ends badly, whatever it says', async () => {
    dump(1);
    play('restic', 'echo "no errors were found"; exit 1');
    const { code, said } = await told<Standing[]>(['check']);
    const offsite = said.filter(({ concern }) => concern === 'offsite');
    expect([code, offsite]).toEqual([2, [expect.objectContaining({ good: false })]]);
    expect(alert('offsite')).toMatchObject({ good: false });
  }, 60_000);

  it('removes no dump for the sake of one that it cannot take', async () => {
    const all = [dump(72), dump(48), dump(24)].sort();
    const nowhere = {
      BACKUP_DATABASE_URL: 'postgres://ofitec_backup:none@127.0.0.1:9/ofitec',
      BACKUP_KEEP_DUMPS: '1',
    };
    const { code, said } = await told<Standing[]>(['run', '--only', 'dump'], nowhere);
    expect([code, said[0]?.good, dumps()]).toEqual([1, false, all]);
    expect(alert('dump')).toMatchObject({ good: false });
  }, 60_000);

  it.each([
    ['none', [], 'full'],
    ['a full one of eight days', [['full', 8]], 'full'],
    ['a full one of three days', [['full', 3]], 'diff'],
    ['a full one of eight days and what differed yesterday', [['full', 8], ['diff', 1]], 'full'],
  ] as const)('takes the physical backup that is due after %s', async (_, there, kind) => {
    const stop = (days: number): number => Math.floor((Date.now() - days * DAY_MS) / 1_000);
    const backups = there.map(([type, days]) => ({ label: type, type, error: false, timestamp: { start: stop(days), stop: stop(days) } }));
    const info = [{ name: 'ofitec', backup: backups, archive: [], status: { code: 0, message: 'ok' } }];
    play('pgbackrest', `echo '${JSON.stringify(info)}'`);
    const { code, said } = await told<Standing[]>(['run', '--only', 'physical', '--dry-run'], { BACKUP_STANZA: 'ofitec' });
    expect([code, said[0]?.sentence]).toEqual([0, `would take a ${kind} backup`]);
  }, 60_000); // prettier-ignore

  it('does not call a physical backup good that found torn pages', async () => {
    const stop = Math.floor(Date.now() / 1_000);
    const torn = { label: 'torn', type: 'full', error: true, timestamp: { start: stop, stop } };
    const info = [{ name: 'ofitec', backup: [torn], archive: [], status: { code: 0, message: 'ok' } }];
    play('pgbackrest', `case "$*" in *info*) echo '${JSON.stringify(info)}' ;; esac`);
    const { code, said } = await told<Standing[]>(['run', '--only', 'physical', '--type', 'full'], { BACKUP_STANZA: 'ofitec' });
    expect([code, said[0]]).toEqual([1, expect.objectContaining({ good: false, sentence: expect.stringContaining('errors in pages') })]);
    expect(alert('physical')).toMatchObject({ good: false });
  }, 60_000); // prettier-ignore

  it('tests no old copy as a good one, and leaves nothing of what it tried', async () => {
    const id = dump(30);
    const { code, said } = await told<RestoreEvidence>(['restore-test', '--from', 'local']);
    const bad = said.looks.filter(({ good }) => !good).map(({ what }) => what);
    expect([code, said.good, said.dump, bad]).toEqual([2, false, id, ['age', 'restore']]);
    expect(readdirSync(join(folder, 'backups', 'scratch'))).toEqual([]);
    const running = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => commandOf(pid).includes(folder));
    expect(running).toEqual([]);
    expect(alert('restore-test')).toMatchObject({ good: false, label: expect.stringContaining('30 hours old') }); // prettier-ignore
    const evidence = readdirSync(join(folder, 'backups', 'evidence'));
    expect(evidence).toEqual([expect.stringMatching(/^restore-test-/)]);
    const status = await told<Standing[]>(['status']);
    expect(status.said.find(({ concern }) => concern === 'restore-test')).toMatchObject({ state: 'bad' }); // prettier-ignore
  }, 120_000);
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
