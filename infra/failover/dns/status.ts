import { ask } from './ask.js';
import type { VrrpStatus } from '../vrrp/agent.js';
import type { Failover, VirtualAddress } from './config.js';
import { Etcd } from './etcd.js';
import { keysOf } from './keys.js';
import { activeSite, readSnapshot } from './snapshot.js';
import type { Intent, Snapshot } from './snapshot.js';
import type { AuditLine } from './audit.js';
import type { ServerView, Zone, ZoneView } from './zone.js';

/** A PostgreSQL member as Patroni tells it. */
interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline: number | null;
  /** Bytes behind the leader; null for the leader and where nobody knows. */
  readonly lagBytes: number | null;
}

interface SiteStatus {
  readonly site: string;
  readonly addresses: readonly string[];
  readonly verdict: string;
  readonly writable: boolean;
  readonly votes: Readonly<Record<string, number>> | null;
  readonly said: readonly { observer: string; verdict: string; streak: number; reason: string }[];
  readonly members: readonly Member[];
}

interface AddressStatus {
  readonly address: string;
  /** The agents on whose hosts it is; more than one is a split. */
  readonly holders: readonly string[];
  readonly states: readonly { agent: string; state: string | null; since: string | null }[];
}

export interface Status {
  readonly record: string;
  readonly active: string | null;
  readonly epoch: number | null;
  readonly servers: readonly ServerView[];
  readonly sites: readonly SiteStatus[];
  readonly addresses: readonly AddressStatus[];
  readonly decider: string | null;
  readonly frozen: string | null;
  readonly heldDown: boolean;
  readonly flipsLastHour: number;
  readonly lastChange: AuditLine | null;
  readonly decision: Intent | null;
  /** What could not be asked. */
  readonly faults: readonly string[];
}

/** One look at everything; what does not answer is said and does not keep the rest away. */
export async function readStatus(failover: Failover, zone: Zone): Promise<Status> {
  const faults: string[] = [];
  const note =
    (what: string) =>
    (error: unknown): null => {
      faults.push(`${what}: ${(error as Error).message}`);
      return null;
    };
  const [view, snapshot, members, addresses] = await Promise.all([
    zone.look().catch(note('name servers')),
    readSnapshot(new Etcd(failover.etcd), failover).catch(note('etcd')),
    Promise.all(failover.sites.map(({ patroniUrls }) => membersOf(patroniUrls, note))),
    Promise.all(failover.addresses.map((each) => addressStatus(each, note))),
  ]);
  const none: ZoneView = { servers: [], agreed: null };
  return {
    record: failover.record,
    active: activeSite(failover, view ?? none),
    epoch: view?.agreed?.mark?.epoch ?? null,
    servers: view?.servers ?? [],
    sites: failover.sites.map((site, n) => siteStatus(site, snapshot, members[n] ?? [])),
    addresses,
    decider: snapshot?.leader ?? null,
    frozen: snapshot?.frozen ?? null,
    heldDown: snapshot?.heldDown ?? false,
    flipsLastHour: snapshot?.flipsLastHour ?? 0,
    lastChange: lastChangeOf(snapshot, failover.prefix),
    decision: snapshot?.intent ?? null,
    faults,
  };
}

function siteStatus(
  { name, addresses }: { name: string; addresses: readonly string[] },
  snapshot: Snapshot | null,
  members: readonly Member[],
): SiteStatus {
  const consensus = snapshot?.consensus.find(({ site }) => site === name);
  return {
    site: name,
    addresses,
    verdict: consensus?.verdict ?? 'UNKNOWN',
    writable: consensus?.writable ?? false,
    votes: consensus?.votes ?? null,
    said: (snapshot?.observations ?? [])
      .filter(({ site }) => site === name)
      .map(({ observer, verdict, streak, reason }) => ({ observer, verdict, streak, reason })),
    members,
  };
}

function lastChangeOf(snapshot: Snapshot | null, prefix: string): AuditLine | null {
  const entry = snapshot?.entries.get(keysOf(prefix).lastChange);
  return entry ? (JSON.parse(entry.value) as AuditLine) : null;
}

/** Where a virtual address is, as the agent of each host sees it on its own network card. */
async function addressStatus(
  { address, agents }: VirtualAddress,
  note: (what: string) => (error: unknown) => null,
): Promise<AddressStatus> {
  const said = await Promise.all(
    agents.map(async (url) => {
      const agent = new URL(url).host;
      const status = await readVrrp(url).catch(note(`VRRP agent ${agent}`));
      return { agent, status };
    }),
  );
  return {
    address,
    holders: said.flatMap(({ agent, status }) => (status?.holds ? [agent] : [])),
    states: said.map(({ agent, status }) => ({
      ...{ agent, state: status?.state ?? null, since: status?.since ?? null },
    })),
  };
}

async function readVrrp(url: string): Promise<VrrpStatus> {
  const { status, body } = await ask(new URL('/status', url).href, { timeoutMs: 2_000 });
  if (status !== 200) throw new Error(`answers ${status}`);
  return JSON.parse(body) as VrrpStatus;
}

/** The cluster as the first member tells it that answers. */
async function membersOf(
  urls: readonly string[],
  note: (what: string) => (error: unknown) => null,
): Promise<Member[]> {
  for (const url of urls) {
    const members = await readMembers(url).catch(note(url));
    if (members) return members;
  }
  return [];
}

async function readMembers(url: string): Promise<Member[]> {
  const { status, body } = await ask(new URL('/cluster', url).href, { timeoutMs: 2_000 });
  if (status !== 200) throw new Error(`answers ${status}`);
  const { members } = JSON.parse(body) as {
    members?: { name: string; role: string; state: string; timeline?: number; lag?: unknown }[];
  };
  return (members ?? []).map(({ name, role, state, timeline, lag }) => ({
    ...{ name, role, state, timeline: timeline ?? null },
    lagBytes: typeof lag === 'number' ? lag : null,
  }));
}

/** The same for a person: aligned lines. */
export function statusLines(status: Status): string[] {
  const { record, active, epoch, decider, frozen, lastChange } = status;
  const facts: readonly (readonly [string, string])[] = [
    ['name', record],
    ['points to', active ?? 'not known, or the servers differ'],
    ['epoch', epoch === null ? 'none' : String(epoch)],
    ['decider', decider ?? 'nobody holds the lease'],
    ['kill switch', frozen === null ? 'off' : `ON: ${frozen}`],
    ['hold-down', status.heldDown ? 'yes' : 'no'],
    ['flips in the hour', String(status.flipsLastHour)],
    ['last change', lastChange ? changeLine(lastChange) : 'none'],
  ];
  return [
    ...facts.map(([name, value]) => `${name.padEnd(18)}${value}`),
    ...status.sites.flatMap(siteLines),
    ...(status.addresses.length > 0 ? ['', 'Virtual addresses'] : []),
    ...status.addresses.flatMap(addressLines),
    ...(status.servers.length > 0 ? ['', 'Name servers'] : []),
    ...status.servers.map(serverLine),
    ...(status.faults.length > 0 ? ['', 'Not answered'] : []),
    ...status.faults.map((fault) => `  ${fault}`),
  ];
}

function changeLine({ at, from, to, outcome, by, reason }: AuditLine): string {
  return `${at}  ${from ?? '–'} → ${to}  ${outcome}, by ${by}: ${reason}`;
}

function siteLines({ site, addresses, verdict, writable, said, members }: SiteStatus): string[] {
  return [
    '',
    `${site}  ${addresses.join(' ')}  ${verdict}${writable ? ', writable' : ''}`,
    ...said.map(
      (each) =>
        `  ${each.observer.padEnd(14)}${each.verdict.padEnd(10)}${String(each.streak).padStart(5)} ×  ${each.reason}`,
    ),
    ...members.map(
      (each) =>
        `  ${each.name.padEnd(14)}${each.role.padEnd(15)}${each.state.padEnd(11)}timeline ${each.timeline ?? '?'}  lag ${each.lagBytes ?? '–'}`,
    ),
  ];
}

function addressLines({ address, holders, states }: AddressStatus): string[] {
  const split = holders.length > 1 ? '  TWO HOLDERS' : '';
  return [
    `  ${address.padEnd(24)}held by ${holders.join(', ') || 'nobody'}${split}`,
    ...states.map(({ agent, state, since }) => `    ${agent.padEnd(22)}${state ?? 'unknown'}${since ? `  since ${since}` : ''}`), // prettier-ignore
  ];
}

function serverLine({ server, addresses, mark, ttlSeconds, error }: ServerView): string {
  const said = error ?? `${addresses.join(' ')}  ttl ${ttlSeconds}  epoch ${mark?.epoch ?? 'none'}`;
  return `  ${server.padEnd(24)}${said}`;
}
