import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { run, until } from '#test';
import type { Program } from '#test';

const STEPS = resolve('infra/failover/install-steps.sh');
const PARTS = resolve('infra/install/parts.sh');

/** The steps of the installers by themselves, in a folder that plays the host. */
describe('the installer', () => {
  let folder: string;
  let owner: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-put-'));
    const { uid, gid } = userInfo();
    owner = `${uid}:${gid}`;
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function bash(script: string, env: Record<string, string> = {}): Program {
    return run('bash', ['-euo', 'pipefail', '-c', `. ${STEPS}; . ${PARTS}; ${script}`], {
      cwd: folder,
      env: { FOLDER: folder, ...env },
    });
  }

  async function said(script: string, env: Record<string, string> = {}): Promise<string> {
    const { code, output } = await bash(script, env).end();
    expect([code, output]).toEqual([0, output]);
    return output;
  }

  const put = (text: string): string => `put "$FOLDER/ofitec.env" 600 ${owner} <<<"${text}"`;
  const halves = (): string[] => readdirSync(folder).filter((name) => name.startsWith('.ofitec'));

  /** Killed when the new file is whole and has not its name yet. @returns what was left */
  async function killed(): Promise<string> {
    const bin = join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'mv'), `#!/bin/sh\necho $$ >"$FOLDER/held"\nexec sleep 600\n`, { mode: 0o755 }); // prettier-ignore
    const program = bash(put('new'), { PATH: `${bin}:${process.env['PATH'] ?? ''}` });
    const held = join(folder, 'held');
    await until('the file is about to be moved', () => existsSync(held) && readFileSync(held, 'utf8').endsWith('\n')); // prettier-ignore
    expect((await program.end('SIGKILL')).code).toBeNull();
    process.kill(Number(readFileSync(held, 'utf8')), 'SIGKILL');
    for (const name of ['bin', 'held']) rmSync(join(folder, name), { recursive: true });
    return halves()[0] ?? '';
  }

  it('that was killed leaves the old file, and the next run removes what was half made', async () => {
    const file = join(folder, 'ofitec.env');
    writeFileSync(file, 'old\n');
    const left = await killed();
    expect(left).toMatch(/^\.ofitec\.env\.install-\d+-\w{6}$/);
    expect(readFileSync(file, 'utf8')).toBe('old\n');
    // Rehearsed, nothing goes.
    expect(await said(`dry=yes; ${put('new')}`)).toMatch(/^would run +rm -f .*\.install-.*\nwould write/); // prettier-ignore
    expect(halves()).toEqual([left]);
    expect(await said(put('new'))).toMatch(/^done +rm -f .*\.install-.*\nwritten /);
    expect([halves(), readFileSync(file, 'utf8')]).toEqual([[], 'new\n']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await said(put('new'))).toMatch(/^as it was .*\n$/);
  });

  it('removes it also where the file is as it should be by now', async () => {
    await killed();
    writeFileSync(join(folder, 'ofitec.env'), 'new\n');
    expect(await said(put('new'))).toMatch(/^done +rm -f .*\nas it was /);
    expect(halves()).toEqual([]);
  });

  it('removes nothing of anybody else', async () => {
    const old = new Date(Date.now() - 86_400_000);
    const dead = 4_194_304;
    const kept = [
      // What people call theirs, and what was of six letters by chance.
      ...['ofitec.env.backup', 'ofitec.env.before', '.ofitec.env.install-notes'],
      // Another file's, one that is no pattern of ours, and one of a process that goes on.
      ...[`.ofitec.env2.install-${dead}-aaaaaa`, `.ofitec.env.install-${dead}-aaaaaaa`],
      `.ofitec.env.install-${process.pid}-aaaaaa`,
    ];
    for (const name of kept) {
      writeFileSync(join(folder, name), 'mine');
      utimesSync(join(folder, name), old, old);
    }
    // Younger than the run, as one that was begun beside it; and a link.
    const young = `.ofitec.env.install-${dead}-bbbbbb`;
    writeFileSync(join(folder, young), 'mine');
    const soon = new Date(Date.now() + 60_000);
    utimesSync(join(folder, young), soon, soon);
    const link = `.ofitec.env.install-${dead}-cccccc`;
    symlinkSync('/etc/hostname', join(folder, link));
    const gone = `.ofitec.env.install-${dead}-dddddd`;
    writeFileSync(join(folder, gone), 'half');
    utimesSync(join(folder, gone), old, old);
    await said(put('new'));
    expect(readdirSync(folder).sort()).toEqual([...kept, young, link, 'ofitec.env'].sort());
  });

  /** What is done with these options where `r1` is in use everywhere and `r2` was put beside it. */
  async function released(options: string): Promise<{ links: string[]; units: string[] }> {
    const names = ['current', 'blue', 'green'];
    for (const name of names) {
      rmSync(join(folder, name), { force: true });
      symlinkSync('releases/r1', join(folder, name));
    }
    const links = names.map((name) => `link "$FOLDER/${name}" releases/r2`).join('; ');
    const started = /^started=.*$/m.exec(readFileSync('infra/install.sh', 'utf8'))?.[0] ?? '';
    const script = [
      `activate='' to='' changed=''; ${options}; ${started}`,
      // The host's own systemd is not asked; everything runs already.
      'has_systemd() { :; }; systemctl() { :; }; step() { echo "step $*"; }',
      `${links}; start_units`,
    ].join('\n');
    const output = await said(script);
    return {
      links: names.map((name) => readlinkSync(join(folder, name)).replace('releases/', '')),
      units: [...output.matchAll(/^step systemctl restart (\S+)$/gm)].map(([, unit = '']) => unit),
    };
  }

  it('moves servers, or worker and schedules, or all of them, and restarts what was moved', async () => {
    const [server, ...others] = [
      ...['ofitec@blue.service', 'ofitec-worker.service'],
      ...['ofitec-alert-check.timer', 'ofitec-csp-digest.timer'],
    ];
    expect(await released(':')).toEqual({ links: ['r1', 'r1', 'r1'], units: [] });
    expect(await released('to=green')).toEqual({ links: ['r1', 'r1', 'r2'], units: [] });
    expect(await released('to=blue')).toEqual({ links: ['r1', 'r2', 'r1'], units: [server] });
    expect(await released('to=current')).toEqual({ links: ['r2', 'r1', 'r1'], units: others });
    expect(await released('activate=yes')).toEqual({ links: ['r2', 'r2', 'r2'], units: [server, ...others] }); // prettier-ignore
  });

  it('finishes a link of a run that was killed', async () => {
    symlinkSync('releases/r1', join(folder, 'current'));
    symlinkSync('releases/r2', join(folder, 'current.new'));
    await said(`activate='' to='' changed=''; link "$FOLDER/current" releases/r1`);
    expect(readdirSync(folder)).toEqual(['current']);
  });
});
