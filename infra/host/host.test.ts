import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exitCodeOf, findingsAbout } from './finding.js';
import { Host } from './host.js';
import { accountsOf, examineKeys } from './keys.js';
import { examineFiles, examineKernel } from './machine.js';
import { examinePorts } from './ports.js';
import { judgeSshd, parseSshd } from './sshd.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIExample';
const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

/** The looks at a machine that a folder plays. */
describe('ofitec doctor host', () => {
  let root: string;
  let host: Host;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ofitec-host-'));
    host = new Host(root, () => NOW);
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function put(file: string, text: string, mode = 0o600): void {
    mkdirSync(dirname(join(root, file)), { recursive: true, mode: 0o755 });
    writeFileSync(join(root, file), text, { mode });
  }

  const told = (findings: readonly { severity: string; why: string }[]): string[] =>
    findings.map(({ severity, why }) => `${severity}: ${why}`);

  describe('keys', () => {
    const options = parseSshd('authorizedkeysfile .ssh/authorized_keys /etc/keys/%u');
    const look = (): string[] => told(examineKeys(host, accountsOf(host), options));

    beforeEach(() => {
      put(
        '/etc/passwd',
        'root:x:0:0::/root:/bin/bash\nana:x:1000:1000::/home/ana:/bin/sh\nsys:x:5:5::/s:/usr/sbin/nologin\n',
      );
    });

    function keys(file: string, text: string, changed = NOW): void {
      put(file, text);
      utimesSync(join(root, file), changed, changed);
    }

    it('are well when young and of ed25519', () => {
      keys(
        '/home/ana/.ssh/authorized_keys',
        `# of ana\n\nssh-ed25519 ${KEY} ana@caja 2026-09-01\n`,
      );
      // Nobody without a shell is asked.
      keys('/s/.ssh/authorized_keys', `ssh-dss ${KEY} old`, new Date(0));
      expect(look()).toEqual(['good: 1 keys of 2 accounts, ed25519 and of at most 90 days']);
    });

    it('are too old by the date in the comment, and without one by the file', () => {
      keys(
        '/home/ana/.ssh/authorized_keys',
        `ssh-ed25519 ${KEY} ana 2026-08-01\nssh-ed25519 ${KEY} caja\n`,
      );
      keys('/etc/keys/ana', `ssh-ed25519 ${KEY} taller\n`, new Date('2026-08-20'));
      expect(look()).toEqual([
        'warning: the key ana 2026-08-01 is 113 days old, more than 90',
        'warning: the key taller is 94 days old, more than 90',
      ]);
    });

    it('are read behind options with quoted spaces, and may not come from the future', () => {
      keys(
        '/home/ana/.ssh/authorized_keys',
        `from="10.0.0.0/8",command="echo \\"ssh-rsa x\\" y" ssh-rsa ${KEY} b 2027-01-01\n`,
      );
      expect(look()).toEqual([
        'warning: the key b 2027-01-01 is ssh-rsa and not ed25519',
        'warning: the key b 2027-01-01 is dated in the future',
      ]);
    });

    it('open nothing for root, and are written by their owner alone', () => {
      keys('/root/.ssh/authorized_keys', `ssh-ed25519 ${KEY} x 2026-11-01\n`);
      put('/etc/keys/ana', '', 0o600);
      expect(look()).toEqual([
        'warning: the key x 2026-11-01 stands for root, who may not sign in',
      ]);
      rmSync(join(root, 'root'), { recursive: true });
      rmSync(join(root, '/etc/keys/ana'));
      const before = process.umask(0);
      put('/etc/keys/ana', '', 0o622);
      process.umask(before);
      expect(look()).toEqual(['critical: /etc/keys/ana may be written by others']);
    });
  });

  describe('ports', () => {
    const line = (address: string, port: number, state = '0A', inode = '7'): string =>
      `   0: ${address}:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`;
    const table = (...lines: string[]): string => [HEADER, ...lines, ''].join('\n');

    it('are well where only SSH, the proxy and loopback are open', () => {
      put(
        '/proc/net/tcp',
        table(line('00000000', 22), line('0100007F', 5432), line('0100000A', 40_000, '01')),
      );
      put(
        '/proc/net/tcp6',
        table(line('0'.repeat(32), 443), line('00000000000000000000000001000000', 3001)),
      );
      put('/proc/net/udp', table(line('00000000', 68, '07')));
      expect(told(examinePorts(host, [22, 80, 443]))).toEqual([
        'good: from outside only 22, 68, 443 can be reached',
      ]);
    });

    it('are told with their program when they are not expected', () => {
      put('/proc/net/tcp', table(line('00000000', 5432, '0A', '99'), line('0100000A', 9464)));
      expect(examinePorts(host, [22, 9464]).map(({ severity, what }) => [severity, what])).toEqual([
        ['warning', 'open port tcp 5432'],
      ]);
      expect(told(examinePorts(host, [22, 5432, 9464]))[0]).toMatch(/^good/);
    });

    it('are not called well when nothing can be read', () => {
      expect(told(examinePorts(host, []))[0]).toMatch(/^unknown/);
    });
  });

  it('finds files of settings that others may read, and says which', () => {
    expect(told(examineFiles(host))[0]).toMatch(/^warning: no \/etc\/ofitec/);
    put('/etc/ofitec/ofitec.env', 'A=1');
    expect(told(examineFiles(host))).toEqual(['good: ofitec.env: for their owner only']);
    const before = process.umask(0);
    put('/etc/ofitec/group.env', '', 0o640);
    put('/etc/ofitec/open.env', '', 0o644);
    process.umask(before);
    expect(
      examineFiles(host).map(({ severity, what }) => [severity, what.split('/').pop()]),
    ).toEqual([
      ['warning', 'group.env'],
      ['critical', 'open.env'],
    ]);
  });

  it('finds a kernel that keeps dead connections', () => {
    const set = (time: number, interval: number, probes: number, retries: number): void => {
      const values = {
        tcp_keepalive_time: time,
        tcp_keepalive_intvl: interval,
        tcp_keepalive_probes: probes,
        tcp_retries2: retries,
      };
      for (const [name, value] of Object.entries(values))
        put(`/proc/sys/net/ipv4/${name}`, `${value}\n`);
    };
    expect(told(examineKernel(host))[0]).toMatch(/^unknown/);
    set(7200, 75, 9, 15);
    expect(told(examineKernel(host)).map((why) => why.split(' ')[0])).toEqual([
      'warning:',
      'warning:',
    ]);
    set(5, 2, 3, 5);
    expect(told(examineKernel(host))).toEqual(['good: a vanished peer is noticed within 11 s']);
  });

  it('lets a code after the key pass, and a password in its place not', () => {
    const judge = (more: string): string[] =>
      told(judgeSshd(parseSshd(`kbdinteractiveauthentication yes\n${more}`), 'ana')).filter((why) =>
        why.includes('question and answer'),
      );
    expect(judge('authenticationmethods publickey,keyboard-interactive')).toEqual([]);
    expect(
      judge('authenticationmethods publickey,keyboard-interactive keyboard-interactive'),
    ).toHaveLength(1);
    expect(judge('authenticationmethods any')).toHaveLength(1);
  });

  it('ends with what monitoring reads, and nothing seen is not well', () => {
    const say = findingsAbout('x', 'y');
    const code = (...severities: Parameters<typeof say>[0][]): number =>
      exitCodeOf(severities.map((each) => say(each, '')));
    expect([
      code('good'),
      code('good', 'warning'),
      code('unknown', 'critical'),
      code('warning', 'unknown'),
      code(),
    ]).toEqual([0, 1, 2, 3, 3]);
  });
});
