import { findingsAbout } from './finding.js';
import type { HostFinding } from './finding.js';
import type { Host } from './host.js';

const say = findingsAbout('open port', 'puertos');
/** SSH, and the proxy in front with and without TLS. */
export const EXPECTED_PORTS: readonly number[] = [22, 80, 443];
/** Clients of DHCP and of the time answer nobody; their ports are open all the same. */
const EXPECTED_UDP: readonly number[] = [68, 123, 546];
const LISTENING = '0A';
const UNCONNECTED = '07';

interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly inode: string;
}

/** What this machine takes from other machines, beyond what it is for. */
export function examinePorts(host: Host, expected: readonly number[]): HostFinding[] {
  const tables = ['tcp', 'tcp6', 'udp', 'udp6'].map((name) => host.read(`/proc/net/${name}`));
  if (tables.every((table) => table === null)) {
    return [say('unknown', '/proc/net cannot be read: what is open is not known')];
  }
  const open = tables.flatMap((table, at) => listenersOf(table ?? '', at < 2 ? 'tcp' : 'udp'));
  const unexpected = open.filter(
    ({ protocol, port }) => !(protocol === 'tcp' ? expected : EXPECTED_UDP).includes(port),
  );
  const names = unexpected.length > 0 ? programsOf(host) : new Map<string, string>();
  const seen = new Map(
    unexpected.map(({ protocol, port, inode }) => [
      `${protocol} ${port}`,
      names.get(inode) ?? 'a program that cannot be seen',
    ]),
  );
  if (seen.size === 0) {
    const ports = [...new Set(open.map(({ port }) => port))].sort((a, b) => a - b).join(', ');
    return [say('good', `from outside only ${ports === '' ? 'nothing' : ports} can be reached`)];
  }
  return [...seen].map(([what, program]) =>
    say('warning', `${program} takes connections from everywhere; bind it to 127.0.0.1, or say --expect`, what),
  ); // prettier-ignore
}

function listenersOf(table: string, protocol: 'tcp' | 'udp'): Listener[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells[3] === (protocol === 'tcp' ? LISTENING : UNCONNECTED))
    .map((cells) => ({ local: cells[1] ?? '', inode: cells[9] ?? '' }))
    .filter(({ local }) => !isLoopback(local.split(':')[0] ?? ''))
    .map(({ local, inode }) => ({
      ...{ protocol, inode },
      port: Number.parseInt(local.split(':')[1] ?? '', 16),
    }));
}

/** Addresses stand there as the machine's words, the least byte first. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith('7F');
  return (
    address === '00000000000000000000000001000000' ||
    (address.startsWith('0000000000000000FFFF0000') && address.endsWith('7F'))
  );
}

/** Who holds which socket; of other users' programs only root sees it. */
function programsOf(host: Host): Map<string, string> {
  const names = new Map<string, string>();
  for (const pid of host.list('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const name = host.read(`/proc/${pid}/comm`)?.trim() ?? '';
      for (const fd of host.list(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(host.link(`/proc/${pid}/fd/${fd}`) ?? '')?.[1];
        if (inode !== undefined) names.set(inode, name);
      }
    } catch {
      // It ended meanwhile, or is another user's.
    }
  }
  return names;
}
