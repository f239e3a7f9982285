import { findingsAbout } from './finding.js';
import type { HostFinding, HostSeverity } from './finding.js';

/** What `sshd -T` says: option names in small letters, each with its values in their order. */
export type SshdOptions = ReadonlyMap<string, readonly string[]>;

const say = findingsAbout('sshd', 'acceso-por-ssh');

/** The only kind of key that the policy knows; by hand, from a hardware token, or signed. */
const ED25519 = /^(sk-)?ssh-ed25519(-cert-v01)?(@openssh\.com)?$/;
/** Signatures over SHA-1 and DSA can be forged. */
const BROKEN = /^(ssh-rsa|ssh-dss)(-cert-v01@openssh\.com)?$/;
const WEAK_CIPHER = /cbc|3des|arcfour|rc4|sha1|md5|group1-|group14-sha1/;

export function parseSshd(text: string): SshdOptions {
  const options = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 1) continue;
    const name = line.slice(0, space);
    options.set(name, [...(options.get(name) ?? []), line.slice(space + 1).trim()]);
  }
  return options;
}

interface Rule {
  readonly option: string;
  readonly wanted: (value: string, options: SshdOptions) => boolean;
  readonly severity: HostSeverity;
  readonly why: string;
}

/** What must hold for everybody who may sign in; each fault is told with the value that is in force. */
const RULES: readonly Rule[] = [
  rule('permitrootlogin', 'no', 'critical', 'root can sign in: who did it is then unknown'),
  {
    option: 'passwordauthentication',
    wanted: (value) => value === 'no',
    severity: 'critical',
    why: 'passwords are taken: they can be guessed from outside',
  },
  {
    option: 'kbdinteractiveauthentication',
    // A second factor after the key is asked for in the same way.
    wanted: (value, options) => value === 'no' || demandsKey(options),
    severity: 'critical',
    why: 'passwords are taken by question and answer, without a key',
  },
  rule('permitemptypasswords', 'no', 'critical', 'an account without a password is open'),
  rule('pubkeyauthentication', 'yes', 'critical', 'keys are not taken, so something weaker is'),
  rule('hostbasedauthentication', 'no', 'critical', 'other machines vouch for their users'),
  rule(
    'permituserenvironment',
    'no',
    'warning',
    'users choose the environment of what sshd starts',
  ),
  rule('x11forwarding', 'no', 'warning', 'no screen is needed on a server'),
  rule('allowagentforwarding', 'no', 'warning', 'whoever is root here could use your other keys'),
  {
    option: 'maxauthtries',
    wanted: (value) => Number(value) <= 4,
    severity: 'warning',
    why: 'more than 4 tries of each connection',
  },
  {
    option: 'logingracetime',
    wanted: (value) => Number(value) > 0 && Number(value) <= 60,
    severity: 'warning',
    why: 'a connection that never signs in is kept for longer than 60 s',
  },
];

function rule(option: string, value: string, severity: HostSeverity, why: string): Rule {
  return { option, wanted: (is) => is === value, severity, why };
}

/** Every way in begins with, or holds, a key. */
function demandsKey(options: SshdOptions): boolean {
  const ways = (options.get('authenticationmethods')?.[0] ?? 'any').split(' ');
  return ways.every((way) => way.split(',').some((each) => each.startsWith('publickey')));
}

/**
 * What is wrong with a configuration of sshd as it is in force.
 *
 * @param who for whom it was asked, since a `Match` block may undo for one what is said for all
 */
export function judgeSshd(options: SshdOptions, who: string): HostFinding[] {
  const broken = RULES.flatMap(({ option, wanted, severity, why }) => {
    const value = options.get(option)?.[0];
    if (value === undefined) return [say('unknown', `sshd says nothing of ${option}`, who)];
    return wanted(value, options) ? [] : [say(severity, `${option} ${value}: ${why}`, who)];
  });
  return [...broken, ...judgeWhoMay(options, who), ...judgeAlgorithms(options, who)];
}

function judgeWhoMay(options: SshdOptions, who: string): HostFinding[] {
  if (options.has('allowgroups') || options.has('allowusers')) return [];
  const why = 'neither AllowGroups nor AllowUsers: any account with a key gets in';
  return [say('warning', why, who)];
}

function judgeAlgorithms(options: SshdOptions, who: string): HostFinding[] {
  const findings: HostFinding[] = [];
  const keys = options.get('hostkey') ?? [];
  if (!keys.some((file) => file.includes('ed25519'))) {
    findings.push(say('critical', 'no host key of ed25519: clients must trust an older kind', who));
  }
  for (const option of ['pubkeyacceptedalgorithms', 'hostkeyalgorithms']) {
    const names = listOf(options, option);
    const broken = names.filter((name) => BROKEN.test(name));
    const others = names.filter((name) => !ED25519.test(name) && !BROKEN.test(name));
    if (broken.length > 0) {
      findings.push(say('critical', `${option}: ${broken.join(', ')} can be forged`, who));
    }
    if (others.length > 0) {
      findings.push(say('warning', `${option}: more than ed25519 (${others.join(', ')})`, who));
    }
  }
  for (const option of ['ciphers', 'macs', 'kexalgorithms']) {
    const weak = listOf(options, option).filter((name) => WEAK_CIPHER.test(name));
    if (weak.length > 0)
      findings.push(say('warning', `${option}: ${weak.join(', ')} is weak`, who));
  }
  return findings;
}

function listOf(options: SshdOptions, option: string): string[] {
  return (options.get(option)?.[0] ?? '').split(',').filter((name) => name !== '');
}
