import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BackupLab, bootstrap, DAMAGES } from '#test';
import type { RestoreEvidence, Standing } from '#test';

/** Every way in which a backup is none, each said in words and by the exit code. */
describe('damaged backups', () => {
  let lab: BackupLab;
  let id: string;

  beforeAll(async () => {
    lab = await BackupLab.open();
    expect((await lab.backup(['setup'], lab.offsite)).code).toBe(0);
    const { code, output } = await lab.backup(['run'], lab.offsite);
    expect([code, output]).toEqual([0, output]);
    id = ids().at(-1) ?? '';
  }, 400_000);

  afterAll(() => lab?.close());

  const dumps = (): string => join(lab.file('backups'), 'dumps');
  const ids = (): string[] => lab.dumps();
  const file = (name: string): string => join(dumps(), id, name);

  /** What `check` and a restore test say of a damage that is done and mended. */
  async function damaged(
    path: string,
    damage: (path: string) => void,
  ): Promise<{ codes: (number | null)[]; said: string[] }> {
    return lab.damaged(path, damage, async () => {
      const checked = await lab.told<Standing[]>(['check']);
      const tested = await lab.told<RestoreEvidence>(['restore-test']);
      const bad = [
        ...checked.said.filter(({ good }) => good === false),
        ...tested.said.looks.filter(({ good }) => !good),
      ];
      return { codes: [checked.code, tested.code], said: bad.map(({ sentence }) => sentence) };
    });
  }

  it.each([
    ['corrupt', 'ofitec.dump', /hash differs/],
    ['truncated', 'ofitec.dump', /truncated, \d+ of \d+ bytes/],
    ['empty', 'ofitec.dump', /is empty/],
    ['missing', 'ofitec.dump', /is missing/],
    ['edited', 'manifest.json', /manifest was edited/],
    ['empty', 'manifest.json', /manifest is empty/],
    ['truncated', 'manifest.json', /no JSON/],
    ['missing', 'manifest.json', /cannot be read/],
  ] as const)(
    'finds a %s %s',
    async (kind, name, words) => {
      const [, damage = edit] = DAMAGES.find(([each]) => each === kind) ?? [];
      const { codes, said } = await damaged(file(name), damage);
      expect([codes, said]).toEqual([
        [2, 2],
        [expect.stringMatching(words), expect.stringMatching(words)],
      ]);
      expect(lab.alert('dump')).toMatchObject({ good: false });
      expect(lab.alert('restore-test')).toMatchObject({ good: false });
    },
    60_000,
  );

  it('finds what the manifest says otherwise, although its own hash is right', async () => {
    const path = file('manifest.json');
    const whole = readFileSync(path, 'utf8');
    const { sha256: _, ...content } = JSON.parse(whole);
    content.tables['public.sales_order'].sums.total_amount = '1';
    const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    writeFileSync(path, JSON.stringify({ ...content, sha256: hash }));
    const { code, said } = await lab.told<RestoreEvidence>(['restore-test']);
    writeFileSync(path, whole);
    expect([code, said.looks.filter(({ good }) => !good)]).toEqual([
      2,
      [
        expect.objectContaining({
          what: 'tables',
          sentence: expect.stringContaining('sales_order'),
        }),
      ],
    ]);
  }, 400_000);

  it.each(DAMAGES)(
    'finds a %s pack of the off-site repository',
    async (kind, damage) => {
      // restic asks for a short file again for most of a minute: the restore test is tried on one kind.
      const env = lab.offsite;
      const pack = lab.largest(join(lab.file('repository'), 'data'));
      const { checked, said } = await lab.damaged(pack, damage, async () => {
        const checked = await lab.told<Standing[]>(['check'], env);
        const bad = checked.said.filter(({ good }) => good === false);
        const said = bad.map(({ sentence }) => sentence);
        if (kind === 'corrupt') {
          const tested = await lab.told<RestoreEvidence>(['restore-test'], env);
          const looks = tested.said.looks.filter(({ good }) => !good);
          said.push(...looks.map(({ sentence }) => sentence));
          expect(tested.code).toBe(2);
        }
        return { checked, said };
      });
      expect([checked.code, said.length]).toEqual([2, kind === 'corrupt' ? 2 : 1]);
      for (const sentence of said) expect(sentence).toMatch(/off-site repository is damaged/);
    },
    400_000,
  );

  it('says that the password of the off-site repository is lost', async () => {
    lab.write('lost', 'a password that opens nothing');
    const env = { ...lab.offsite, BACKUP_RESTIC_PASSWORD_FILE: lab.file('lost') };
    for (const [args, exit] of [
      [['status'], 2],
      [['check'], 2],
      [['restore-test'], 2],
      [['run', '--only', 'offsite'], 1],
    ] as const) {
      const { code, output } = await lab.backup(args, env);
      expect([args, code, output]).toEqual([
        ...[args, exit, expect.stringMatching(/password does not open the off-site repository/)],
      ]);
      expect(output).not.toContain('opens nothing');
    }
  }, 400_000);

  it('takes no dump of another database for one of ours', async () => {
    await lab.rows('CREATE DATABASE otra OWNER ofitec_owner');
    await lab.rows('CREATE DATABASE nada');
    const owner = lab.server.urls.owner.replace(/ofitec$/, 'otra');
    await bootstrap.migrate(owner, (await bootstrap.readBlueprint({})).available, () => {});
    const over = (name: string): Record<string, string> => {
      lab.write(
        `${name}-url`,
        readFileSync(lab.file('database-url'), 'utf8').replace(/\w+$/, name),
      );
      return { BACKUP_DATABASE_URL_FILE: lab.file(`${name}-url`) };
    };
    const before = ids();
    const nothing = await lab.backup(['run'], over('nada'));
    expect([nothing.code, nothing.output]).toEqual([1, expect.stringMatching(/none of OFITEC/)]);
    const another = await lab.backup(['run'], over('otra'));
    expect([another.code, another.output]).toEqual([
      ...[1, expect.stringMatching(/another installation/)],
    ]);
    expect(ids()).toEqual(before);
    // Its own backup is whole; among ours it is still none of ours.
    const elsewhere = { ...over('otra'), BACKUP_DIR: lab.file('elsewhere') };
    expect((await lab.backup(['run'], elsewhere)).code).toBe(0);
    const [foreign = ''] = readdirSync(join(lab.file('elsewhere'), 'dumps'));
    cpSync(join(lab.file('elsewhere'), 'dumps', foreign), join(dumps(), foreign), {
      recursive: true,
    });
    const { code, said } = await lab.told<RestoreEvidence>(['restore-test']);
    rmSync(join(dumps(), foreign), { recursive: true });
    const bad = said.looks.filter(({ good }) => !good).map(({ what }) => what);
    expect([code, bad[0]]).toEqual([2, 'installation']);
  }, 400_000);

  it('on a full disk says so, and the good dump stays', async () => {
    const disk = lab.file('disk');
    expect(sh('mkdir', [disk])).toBe(0);
    expect(sh('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=700', 'ofitec-test', disk])).toBe(0);
    try {
      cpSync(lab.file('backups'), disk, { recursive: true });
      const env = { BACKUP_DIR: disk };
      const fill = join(disk, 'ballast');
      writeFileSync(fill, '');
      try {
        for (;;) appendFileSync(fill, Buffer.alloc(4_096));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
      }
      truncateSync(fill, statSync(fill).size - 65_536);
      const before = readdirSync(join(disk, 'dumps'));
      const full = await lab.backup(['run'], env);
      expect([full.code, full.output]).toEqual([1, expect.stringMatching(/No space left|ENOSPC/)]);
      expect(readdirSync(join(disk, 'dumps'))).toEqual(before);
      expect(lab.alert('dump')).toMatchObject({ good: false });
      rmSync(fill);
      expect((await lab.backup(['check'], env)).code).toBe(0);
      expect((await lab.backup(['run'], env)).code).toBe(0);
      expect(lab.alert('dump')).toMatchObject({ good: true });
    } finally {
      sh('umount', [disk]);
    }
  }, 400_000);

  it('says nothing of a password that is refused', async () => {
    lab.write(
      'wrong-url',
      readFileSync(lab.file('database-url'), 'utf8').replace('of-the', 'not-the'),
    );
    const env = { BACKUP_DATABASE_URL_FILE: lab.file('wrong-url') };
    const { code, output } = await lab.backup(['run'], env);
    expect([code, output]).toEqual([1, expect.stringMatching(/password authentication failed/)]);
    expect(output).not.toContain('not-the-backup-role');
    expect(existsSync(file('manifest.json'))).toBe(true);
  }, 400_000);
});

function sh(command: string, args: string[]): number | null {
  return spawnSync(command, args).status;
}

function edit(path: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"rows": "(\d+)"/, '"rows": "1$1"'));
}
