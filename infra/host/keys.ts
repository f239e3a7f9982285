import { findingsAbout } from './finding.js';
import type { HostFinding } from './finding.js';
import type { Host } from './host.js';
import type { SshdOptions } from './sshd.js';

const MAX_AGE_DAYS = 90;
const say = findingsAbout('ssh keys', 'llaves-de-90-días');
const KIND = /^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+$/;
const ED25519 = /^(sk-)?ssh-ed25519(-cert-v01)?(@openssh\.com)?$/;
const NO_SHELL = /\/(nologin|false|sync)$/;
const MAX_USERS = 200;

export interface Account {
  readonly name: string;
  readonly home: string;
}

/** Accounts that could sign in: those with a shell. */
export function accountsOf(host: Host): Account[] {
  return (host.read('/etc/passwd') ?? '')
    .split('\n')
    .map((line) => line.split(':'))
    .filter((cells) => cells.length === 7 && !NO_SHELL.test(cells[6] ?? ''))
    .map(([name = '', , , , , home = '']) => ({ name, home }))
    .slice(0, MAX_USERS);
}

/**
 * The keys that open this machine. A key's age is counted from the date in its comment
 * (`ana@caja 2026-09-01`), and without one from the last change of the file.
 */
export function examineKeys(
  host: Host,
  accounts: readonly Account[],
  options: SshdOptions,
): HostFinding[] {
  const patterns = (options.get('authorizedkeysfile')?.[0] ?? '.ssh/authorized_keys').split(/\s+/);
  const findings: HostFinding[] = [];
  let keys = 0;
  for (const account of accounts) {
    for (const pattern of patterns.filter((each) => each !== 'none')) {
      const file = fileOf(pattern, account);
      const stat = host.stat(file);
      if (!stat) continue;
      if ((stat.mode & 0o022) !== 0) {
        findings.push(say('critical', `${file} may be written by others`, account.name));
      }
      const lines = (host.read(file) ?? '').split('\n');
      for (const line of lines) {
        const key = keyOf(line);
        if (!key) continue;
        keys += 1;
        findings.push(...judge(key, account, host.daysSince(dateOf(key) ?? stat.mtime)));
      }
    }
  }
  const why = `${keys} keys of ${accounts.length} accounts, ed25519 and of at most ${MAX_AGE_DAYS} days`;
  return findings.length > 0 ? findings : [say('good', why)];
}

function fileOf(pattern: string, { name, home }: Account): string {
  const filled = pattern.replaceAll('%h', home).replaceAll('%u', name).replaceAll('%%', '%');
  return filled.startsWith('/') ? filled : `${home}/${filled}`;
}

interface Key {
  readonly kind: string;
  readonly comment: string;
}

/** One line of the file: options, which may hold quoted spaces, then kind, key and comment. */
function keyOf(line: string): Key | null {
  if (line.trim() === '' || line.trimStart().startsWith('#')) return null;
  const words = line.match(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g) ?? [];
  const at = words.findIndex((word) => KIND.test(word));
  const [kind, , ...comment] = at < 0 ? [] : words.slice(at);
  return kind === undefined ? null : { kind, comment: comment.join(' ') };
}

function dateOf({ comment }: Key): Date | null {
  const found = /\b(20\d\d-[01]\d-[0-3]\d)\b/.exec(comment)?.[1];
  const date = found === undefined ? null : new Date(`${found}T00:00:00Z`);
  return date === null || Number.isNaN(date.getTime()) ? null : date;
}

function judge(key: Key, { name }: Account, ageDays: number): HostFinding[] {
  const label = key.comment === '' ? 'a key without a name' : `the key ${key.comment}`;
  const findings: HostFinding[] = [];
  if (!ED25519.test(key.kind)) {
    const severity = key.kind === 'ssh-dss' ? 'critical' : 'warning';
    findings.push(say(severity, `${label} is ${key.kind} and not ed25519`, name));
  }
  if (ageDays > MAX_AGE_DAYS) {
    const why = `${label} is ${Math.floor(ageDays)} days old, more than ${MAX_AGE_DAYS}`;
    findings.push(say('warning', why, name));
  }
  // A date that is still to come would make a key young for ever.
  if (ageDays < -1) findings.push(say('warning', `${label} is dated in the future`, name));
  if (name === 'root')
    findings.push(say('warning', `${label} stands for root, who may not sign in`));
  return findings;
}
