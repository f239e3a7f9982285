import { findingsAbout } from './finding.js';
import type { HostFinding } from './finding.js';
import type { Host } from './host.js';

/** Least free share of a disk, as of the alert `disk.low`; below twice that somebody should look. */
const LEAST_FREE_PERCENT = 10;
/** A vanished peer is noticed within a minute: the kernel's own two hours outlast any failover. */
const MAX_SILENCE_SECONDS = 60;
const MAX_RETRIES = 8;
const STALE_UPGRADE_DAYS = 7;
const DISKS = ['/', '/var', '/var/lib/postgresql', '/var/lib/ofitec', '/var/log', '/tmp'];
const ENVIRONMENT = '/etc/ofitec';

/** Whether the clock is kept by another one: sessions, codes of an app and the audit go by it. */
export async function examineTime(host: Host): Promise<HostFinding[]> {
  const say = findingsAbout('clock', 'reloj');
  const asked = await host.run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  if (asked.code === 0 && asked.out.trim() === 'yes') return [say('good', 'it is synchronized')];
  const tracking = await host.run('chronyc', ['-c', 'tracking']);
  if (tracking.code === 0) {
    const isKept = !tracking.out.includes('Not synchronised');
    return [say(isKept ? 'good' : 'critical', isKept ? 'chrony keeps it' : 'chrony has no source')];
  }
  if (asked.code === 0) {
    return [say('critical', 'nothing synchronizes it: codes of authenticator apps are refused when it drifts')];
  } // prettier-ignore
  return [say('unknown', `neither timedatectl nor chronyc answers: ${first(asked.errors)}`)];
}

/** Space and inodes of the disks under what grows. */
export function examineDisks(host: Host): HostFinding[] {
  const say = findingsAbout('disk', 'disco');
  const seen = new Set<number>();
  return DISKS.flatMap((folder) => {
    const stat = host.stat(folder);
    if (!stat || seen.has(stat.dev)) return [];
    seen.add(stat.dev);
    const { bavail, blocks, ffree, files } = host.space(folder);
    const shares = { space: percent(bavail, blocks), inodes: percent(ffree, files) };
    return Object.entries(shares).flatMap(([what, free]) => {
      if (free === null) return [];
      const why = `${free.toFixed(0)} % of its ${what} free`;
      if (free < LEAST_FREE_PERCENT) {
        return [say('critical', `${why}: full, nothing is stored any more`, folder)];
      }
      if (free < 2 * LEAST_FREE_PERCENT)
        return [say('warning', `${why}: it will not last`, folder)];
      return what === 'space' ? [say('good', why, folder)] : [];
    });
  });
}

/** How long the kernel keeps a connection whose other end is gone. */
export function examineKernel(host: Host): HostFinding[] {
  const say = findingsAbout('kernel', 'conexiones-muertas');
  const read = (name: string): number => Number(host.read(`/proc/sys/net/ipv4/${name}`) ?? 'none');
  const [time, interval, probes] = ['time', 'intvl', 'probes'].map((name) =>
    read(`tcp_keepalive_${name}`),
  );
  const silence = (time ?? Number.NaN) + (interval ?? Number.NaN) * (probes ?? Number.NaN);
  const retries = read('tcp_retries2');
  if (Number.isNaN(silence + retries)) return [say('unknown', '/proc/sys/net cannot be read')];
  const findings: HostFinding[] = [];
  if (silence > MAX_SILENCE_SECONDS) {
    const why = `a database host that vanished is noticed after ${silence} s, more than ${MAX_SILENCE_SECONDS}`;
    findings.push(say('warning', why, 'tcp_keepalive'));
  }
  if (retries > MAX_RETRIES) {
    const why = `what nobody acknowledges is sent ${retries} times, for a quarter of an hour; at most ${MAX_RETRIES}`;
    findings.push(say('warning', why, 'tcp_retries2'));
  }
  const why = `a vanished peer is noticed within ${silence} s`;
  return findings.length > 0 ? findings : [say('good', why)];
}

/** The files with the secrets: there, and for nobody but root and the service. */
export function examineFiles(host: Host): HostFinding[] {
  const say = findingsAbout('environment file', 'archivo-de-ambiente');
  const names = host.list(ENVIRONMENT).filter((name) => name.endsWith('.env'));
  if (names.length === 0) {
    return [
      say('warning', `no ${ENVIRONMENT}/*.env: OFITEC was not installed by infra/install.sh`),
    ];
  }
  const findings = names.flatMap((name) => {
    const file = `${ENVIRONMENT}/${name}`;
    const mode = (host.stat(file)?.mode ?? 0) & 0o777;
    if ((mode & 0o077) === 0) return [];
    const severity = (mode & 0o007) !== 0 ? 'critical' : 'warning';
    return [say(severity, `${mode.toString(8)} lets others at its secrets; chmod 600`, file)];
  });
  const folder = host.stat(ENVIRONMENT);
  if (folder && (folder.mode & 0o022) !== 0) {
    findings.push(say('critical', 'others can put files of theirs in it', ENVIRONMENT));
  }
  return findings.length > 0
    ? findings
    : [say('good', `${names.join(', ')}: for their owner only`)];
}

/** Whether security fixes come by themselves, and whether they are in force. */
export async function examineUpgrades(host: Host): Promise<HostFinding[]> {
  const say = findingsAbout('security upgrades', 'actualizaciones');
  const args = ['-o', `Dir=${host.root}`, 'dump', 'APT::Periodic'];
  const { code, out, errors } = await host.run('apt-config', args);
  if (code !== 0) return [say('unknown', `apt-config does not answer: ${first(errors)}`)];
  const isOn = (name: string): boolean =>
    new RegExp(`^APT::Periodic::${name} "(?!0")[^"]+";$`, 'm').test(out);
  const findings: HostFinding[] = [];
  if (host.stat('/usr/bin/unattended-upgrade') === null || !isOn('Unattended-Upgrade')) {
    findings.push(say('warning', 'nobody installs them: unattended-upgrades is missing or off'));
  } else if (!isOn('Update-Package-Lists')) {
    findings.push(say('warning', 'the lists of packages are not read anew, so nothing is found'));
  } else {
    const stamp = host.stat('/var/lib/apt/periodic/unattended-upgrades-stamp');
    const days = stamp ? host.daysSince(stamp.mtime) : Infinity;
    if (days > STALE_UPGRADE_DAYS) {
      const when = Number.isFinite(days) ? `${Math.floor(days)} days ago` : 'never';
      findings.push(say('warning', `they were last installed ${when}`));
    }
  }
  if (host.stat('/var/run/reboot-required') !== null) {
    findings.push(
      say('warning', 'the machine waits for a restart: the old kernel is still in force'),
    );
  }
  return findings.length > 0 ? findings : [say('good', 'they are installed by themselves')];
}

function percent(free: number, all: number): number | null {
  return all > 0 ? (100 * free) / all : null;
}

function first(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
