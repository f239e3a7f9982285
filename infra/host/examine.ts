import { findingsAbout } from './finding.js';
import type { HostFinding } from './finding.js';
import { Host } from './host.js';
import { accountsOf, examineKeys } from './keys.js';
import {
  examineDisks,
  examineFiles,
  examineKernel,
  examineTime,
  examineUpgrades,
} from './machine.js';
import { examinePorts, EXPECTED_PORTS } from './ports.js';
import { judgeSshd, parseSshd } from './sshd.js';
import type { SshdOptions } from './sshd.js';

/** What may be told about the machine to be examined; everything has its usual value. */
export interface HostOptions {
  /** The machine's files are below it; `/` unless told. */
  readonly root?: string;
  /** Configuration of sshd; the one that sshd itself takes unless told. */
  readonly sshdConfig?: string;
  /** TCP ports that may be reached from outside, beside 22, 80 and 443. */
  readonly expectedPorts?: readonly number[];
  readonly now?: () => Date;
}

/** From a network that is nobody's, so that no `Match Address` of the house's own speaks for it. */
const STRANGER = 'host=stranger.invalid,addr=203.0.113.1';

/**
 * Looks at this machine: SSH, keys, clock, disks, kernel, ports, files, upgrades. Changes nothing, needs
 * neither OFITEC nor its database, and throws nothing: what cannot be seen is a finding `unknown`. As
 * root it sees everything.
 *
 * @returns at least one finding about each, `good` ones too
 */
export async function examineHost(options: HostOptions = {}): Promise<readonly HostFinding[]> {
  const host = new Host(options.root, options.now);
  const ports = [...EXPECTED_PORTS, ...(options.expectedPorts ?? [])];
  const looks: [what: string, look: () => HostFinding[] | Promise<HostFinding[]>][] = [
    ['sshd', () => examineSsh(host, options.sshdConfig)],
    ['clock', () => examineTime(host)],
    ['disk', () => examineDisks(host)],
    ['kernel', () => examineKernel(host)],
    ['open port', () => examinePorts(host, ports)],
    ['environment file', () => examineFiles(host)],
    ['security upgrades', () => examineUpgrades(host)],
  ];
  const findings: HostFinding[] = [];
  for (const [what, look] of looks) {
    try {
      findings.push(...(await look()));
    } catch (error) {
      findings.push(findingsAbout(what, 'quien-lo-corre')('unknown', (error as Error).message));
    }
  }
  return findings;
}

async function examineSsh(host: Host, config: string | undefined): Promise<HostFinding[]> {
  const say = findingsAbout('sshd', 'acceso-por-ssh');
  const accounts = accountsOf(host);
  const names = [...new Set(['root', ...accounts.map(({ name }) => name)])];
  const file = config === undefined ? [] : ['-f', host.path(config)];
  const findings: HostFinding[] = [];
  let shared: SshdOptions | null = null;
  const known = new Set<string>();
  for (const name of names) {
    const { code, out, errors } = await host.run('sshd', [
      ...['-T', ...file],
      ...['-C', `user=${name},${STRANGER}`],
    ]);
    if (code !== 0) {
      const why = code === null ? 'sshd is not there' : `sshd -T fails: ${errors.trim()}`;
      return [say('unknown', why), ...examineKeys(host, accounts, new Map())];
    }
    const asked = parseSshd(out);
    shared ??= asked;
    // Only what is different for somebody is said again with the name.
    for (const finding of judgeSshd(asked, name)) {
      const key = `${finding.severity} ${finding.why}`;
      if (known.has(key)) continue;
      known.add(key);
      findings.push(finding);
    }
  }
  const all =
    findings.length > 0 ? findings : [say('good', 'keys of ed25519 only, nobody as root')];
  return [...all, ...examineKeys(host, accounts, shared ?? new Map())];
}
