import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run } from '#test';

const RUNBOOK = 'runbooks/security/host.md';
const ALGORITHMS = 'ssh-ed25519,sk-ssh-ed25519@openssh.com';

interface Finding {
  readonly severity: string;
  readonly what: string;
  readonly why: string;
  readonly runbook: string;
}

/** `ofitec doctor host` over what Debian's own sshd says of a configuration; no daemon is started. */
describe('ofitec doctor host', () => {
  let root: string;
  /** sshd wants it even to be asked, and makes it only as a service. */
  const separation = '/run/sshd';
  const hadSeparation = existsSync(separation);

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'ofitec-host-'));
    for (const folder of ['etc/ssh', 'etc/ofitec', 'root']) mkdirSync(join(root, folder), { recursive: true }); // prettier-ignore
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/bash\nana:x:1000:1000::/home/ana:/bin/sh\n'); // prettier-ignore
    for (const kind of ['ed25519', 'rsa']) {
      const words = ['-q', '-N', '', '-t', kind, '-f', join(root, `etc/ssh/ssh_host_${kind}_key`)];
      expect((await run('ssh-keygen', words).end()).code).toBe(0);
    }
    if (!hadSeparation) mkdirSync(separation);
  }, 60_000);

  afterAll(() => {
    if (!hadSeparation) rmSync(separation, { recursive: true, force: true });
    rmSync(root, { recursive: true, force: true });
  });

  const policy = (): string => {
    // What the runbook tells people to write is what is tried here.
    const [, block] = /```sshdconfig\n([^]*?)```/.exec(readFileSync(RUNBOOK, 'utf8')) ?? [];
    return (block ?? '').replaceAll('/etc/ssh/', `${root}/etc/ssh/`);
  };

  async function doctor(config: string): Promise<{ code: number | null; findings: Finding[] }> {
    writeFileSync(join(root, 'etc/ssh/tried'), config);
    const words = ['dist/src/cli.js', 'doctor', 'host', '--root', root, '--sshd-config', '/etc/ssh/tried', '--json']; // prettier-ignore
    const { code, output } = await run(process.execPath, words).end();
    const all = JSON.parse(output) as Finding[];
    return { code, findings: all.filter(({ what }) => what.startsWith('sshd')) };
  }

  it('finds nothing wrong with the configuration of the runbook', async () => {
    const { findings } = await doctor(policy());
    expect(findings).toEqual([expect.objectContaining({ severity: 'good' })]);
  });

  it.each([
    ['PasswordAuthentication no', 'PasswordAuthentication yes', 'critical', /passwordauthentication yes/],
    ['PermitRootLogin no', 'PermitRootLogin prohibit-password', 'critical', /root can sign in/],
    ['KbdInteractiveAuthentication no', 'KbdInteractiveAuthentication yes', 'critical', /question and answer/],
    ['PubkeyAuthentication yes', 'PubkeyAuthentication no', 'critical', /keys are not taken/],
    ['ssh_host_ed25519_key', 'ssh_host_rsa_key', 'critical', /no host key of ed25519/],
    [`PubkeyAcceptedAlgorithms ${ALGORITHMS}`, 'PubkeyAcceptedAlgorithms +ssh-rsa', 'critical', /ssh-rsa.* can be forged/],
    [`PubkeyAcceptedAlgorithms ${ALGORITHMS}`, '', 'warning', /pubkeyacceptedalgorithms: more than ed25519/],
    [/^AllowGroups.*$/m, '', 'warning', /any account with a key/],
    [/^MaxAuthTries.*$/m, '', 'warning', /more than 4 tries/],
    [/^LoginGraceTime.*$/m, 'LoginGraceTime 0', 'warning', /longer than 60 s/],
    [/^X11Forwarding.*$/m, 'X11Forwarding yes', 'warning', /x11forwarding yes/],
    [/^Ciphers.*$/m, 'Ciphers aes128-cbc', 'warning', /aes128-cbc is weak/],
  ])('%s → %s is %s', async (good, bad, severity, why) => {
    const text = policy();
    const broken = text.replace(good, bad);
    expect(broken).not.toBe(text);
    const { code, findings } = await doctor(broken);
    expect(findings).toContainEqual({
      ...{ severity, what: expect.stringMatching(/^sshd root$/), why: expect.stringMatching(why) },
      runbook: `${RUNBOOK}#acceso-por-ssh`,
    });
    if (severity === 'critical') expect(code).toBe(2);
  }); // prettier-ignore

  it('finds what a Match block undoes for one person', async () => {
    const { findings } = await doctor(
      `${policy()}\nMatch User ana\n  PasswordAuthentication yes\n`,
    );
    expect(findings).toEqual([expect.objectContaining({ severity: 'critical', what: 'sshd ana' })]);
  });

  it('does not call well what sshd refuses to read', async () => {
    const { code, findings } = await doctor(`${policy()}\nPermitRootLogim no\n`);
    expect(code).not.toBe(0);
    expect(findings).toEqual([
      expect.objectContaining({ severity: 'unknown', why: expect.stringContaining('PermitRootLogim') }), // prettier-ignore
    ]);
  });

  it('ends with 3 for a call that makes no sense, prints help and a screen for people', async () => {
    const tell = (...args: string[]) => run(process.execPath, ['dist/src/cli.js', 'doctor', 'host', ...args]).end(); // prettier-ignore
    expect((await tell('--expect', 'http')).code).toBe(3);
    expect((await tell('--no-such')).code).toBe(3);
    expect(await tell('--help')).toMatchObject({ code: 0, output: expect.stringContaining('--expect') }); // prettier-ignore
    const { output } = await tell('--root', root);
    expect(output).toMatch(
      /^(CRITICAL|UNKNOWN|WARNING) {1,}\S.*\n.* → runbooks\/security\/host\.md#/,
    );
  });

  it('names headings that the runbook has', async () => {
    const { code, output } = await run(process.execPath, ['dist/src/cli.js', 'doctor', 'host', '--json']).end(); // prettier-ignore
    expect([0, 1, 2, 3]).toContain(code);
    const headings = [...readFileSync(RUNBOOK, 'utf8').matchAll(/^## (.+)$/gm)].map(([, text = '']) =>
      text.toLowerCase().replaceAll(/[^a-z0-9áéíóúñ ]/g, '').replaceAll(' ', '-')); // prettier-ignore
    for (const { runbook } of JSON.parse(output) as Finding[]) {
      const [page, heading] = runbook.split('#');
      expect([page, headings.includes(heading ?? '')]).toEqual([RUNBOOK, true]);
    }
  });
});
