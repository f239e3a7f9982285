import { ask } from './ask.js';
import type { VrrpStatus } from '../vrrp/agent.js';
import type { Failover, VirtualAddress } from './config.js';
import { Etcd } from './etcd.js';
import { keysOf } from './keys.js';
import { activeSite, parse, readSnapshot } from './snapshot.js';
import type { Intent, Snapshot, Trouble } from './snapshot.js';
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
  /** null where nobody knows, because etcd did not answer. */
  readonly writable: boolean | null;
  readonly votes: Readonly<Record<string, number>> | null;
  readonly said: readonly { observer: string; verdict: string; streak: number; reason: string }[];
  /** Observers that say nothing of it; null where nobody knows. */
  readonly silent: readonly string[] | null;
  readonly members: readonly Member[];
}

interface AddressStatus {
  readonly address: string;
  /** The agents on whose hosts it is; more than one is a split. */
  readonly holders: readonly string[];
  readonly states: readonly {
    agent: string;
    /** Without an answer nobody knows whether the address is there. */
    answered: boolean;
    /** null also before keepalived's first word. */
    state: string | null;
    since: string | null;
  }[];
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
  readonly heldDown: boolean | null;
  readonly flipsLastHour: number | null;
  readonly lastChange: AuditLine | null;
  readonly decision: Intent | null;
  /** How the provider fails the decider that leads; null where it is not known to. */
  readonly trouble: Trouble | null;
  /** Whether there was an answer; where etcd gave none, null above means that nobody knows, not that there is nothing. */
  readonly answered: { readonly etcd: boolean; readonly nameServers: boolean };
  /** What could not be asked, and where answers contradict each other. */
  readonly faults: readonly string[];
}

/**
 * One look at everything, at all of it at once, and at each for a bounded time: what does not answer is said and does
 * not keep the rest away.
 */
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
    Promise.all(failover.sites.map((site) => membersOf(site, note))),
    Promise.all(failover.addresses.map((each) => addressStatus(each, note))),
  ]);
  const none: ZoneView = { servers: [], agreed: null };
  return {
    record: failover.record,
    active: activeSite(failover, view ?? none),
    epoch: view?.agreed?.mark?.epoch ?? null,
    servers: view?.servers ?? [],
    sites: failover.sites.map((site, n) =>
      siteStatus(site, failover.observers, snapshot, members[n] ?? []),
    ),
    addresses,
    decider: snapshot?.leader ?? null,
    frozen: snapshot?.frozen ?? null,
    heldDown: snapshot?.heldDown ?? null,
    flipsLastHour: snapshot?.flipsLastHour ?? null,
    lastChange: lastChangeOf(snapshot, failover.prefix),
    decision: snapshot?.intent ?? null,
    trouble: snapshot?.trouble ?? null,
    answered: {
      etcd: snapshot !== null,
      nameServers: (view?.servers ?? []).some(({ error }) => error === null),
    },
    // In the order of their names, not of who failed first.
    faults: faults.sort(),
  };
}

function siteStatus(
  { name, addresses }: { name: string; addresses: readonly string[] },
  observers: readonly string[],
  snapshot: Snapshot | null,
  members: readonly Member[],
): SiteStatus {
  const consensus = snapshot?.consensus.find(({ site }) => site === name);
  const heard = (snapshot?.observations ?? []).filter(({ site }) => site === name);
  return {
    site: name,
    addresses,
    verdict: consensus?.verdict ?? 'UNKNOWN',
    writable: consensus?.writable ?? null,
    votes: consensus?.votes ?? null,
    said: heard.map(({ observer, verdict, streak, reason }) => ({ observer, verdict, streak, reason })), // prettier-ignore
    silent:
      snapshot && observers.filter((each) => !heard.some(({ observer }) => observer === each)),
    members,
  };
}

function lastChangeOf(snapshot: Snapshot | null, prefix: string): AuditLine | null {
  return parse<AuditLine>(snapshot?.entries.get(keysOf(prefix).lastChange));
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
      ...{ agent, answered: status !== null },
      ...{ state: status?.state ?? null, since: status?.since ?? null },
    })),
  };
}

async function readVrrp(url: string): Promise<VrrpStatus> {
  const { status, body } = await ask(new URL('/status', url).href, { timeoutMs: 2_000 });
  if (status !== 200) throw new Error(`answers ${status}`);
  return JSON.parse(body) as VrrpStatus;
}

/** Words of Patroni for the member that has the leader lock. */
const LEADERS = ['leader', 'standby_leader', 'master', 'primary'];

/**
 * The cluster as its members tell it; all are asked at once. One that is cut off goes on telling what was, so of two
 * that differ the one with the leader of the greater timeline is shown, and that they differ is said.
 */
async function membersOf(
  { name, patroniUrls }: { name: string; patroniUrls: readonly string[] },
  note: (what: string) => (error: unknown) => null,
): Promise<Member[]> {
  const said = await Promise.all(
    patroniUrls.map(async (url) => {
      const members = await readMembers(url).catch(note(`Patroni ${new URL(url).host}`));
      const leader = members?.find(({ role }) => LEADERS.includes(role)) ?? null;
      return members ? [{ url, members, leader }] : [];
    }),
  );
  const heard = said.flat();
  if (new Set(heard.map(({ leader }) => leader?.name)).size > 1) {
    const names = heard.map(({ url, leader }) => `${new URL(url).host} says ${leader?.name ?? 'nobody'}`); // prettier-ignore
    note(`${name}: its members differ on who leads`)(new Error(names.join(', ')));
  }
  const [first] = heard.sort((a, b) => (b.leader?.timeline ?? 0) - (a.leader?.timeline ?? 0));
  return first?.members ?? [];
}

async function readMembers(url: string): Promise<Member[]> {
  const { status, body } = await ask(new URL('/cluster', url).href, { timeoutMs: 2_000 });
  if (status !== 200) throw new Error(`answers ${status}`);
  const { members } = JSON.parse(body) as {
    members?: { name: string; role: string; state: string; timeline?: number; lag?: unknown }[];
  };
  return (members ?? [])
    .map(({ name, role, state, timeline, lag }) => ({
      ...{ name, role, state, timeline: timeline ?? null },
      lagBytes: typeof lag === 'number' ? lag : null,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The same for a person: aligned lines. */
export function statusLines(status: Status): string[] {
  return [
    ...factsOf(status).map(([name, value]) => `${name.padEnd(18)}${value}`),
    ...status.sites.flatMap((site) => siteLines(site, status.answered.etcd)),
    ...(status.addresses.length > 0 ? ['', 'Virtual addresses'] : []),
    ...status.addresses.flatMap(addressLines),
    ...(status.servers.length > 0 ? ['', 'Name servers'] : []),
    ...status.servers.map(serverLine),
    ...(status.faults.length > 0 ? ['', 'Not answered, or contradictory'] : []),
    ...status.faults.map((fault) => `  ${fault}`),
  ];
}

const UNKNOWN = 'not known: etcd does not answer';

function factsOf(status: Status): (readonly [string, string])[] {
  const { active, epoch, decider, decision, frozen, lastChange, answered, trouble } = status;
  const kept = (words: string): string => (answered.etcd ? words : UNKNOWN);
  const silent = answered.nameServers ? 'no site, or the servers differ' : 'not known: no name server answers'; // prettier-ignore
  // One that any of them tells stands; only that they do not tell the same.
  const isMarked = status.servers.some(({ mark }) => mark !== null);
  const isBegun = decision?.state === 'decided';
  return [
    ['name', status.record],
    ['points to', active ?? silent],
    [
      'epoch',
      epoch === null
        ? isMarked
          ? 'the servers differ'
          : answered.nameServers
            ? 'none'
            : silent
        : String(epoch),
    ],
    ['decider', kept(decider ?? 'nobody holds the lease')],
    ['kill switch', kept(frozen === null ? 'off' : `ON: ${frozen}`)],
    ['hold-down', kept(status.heldDown === true ? 'yes' : 'no')],
    ['flips in the hour', kept(String(status.flipsLastHour))],
    ['provider', kept(trouble ? troubleLine(trouble) : 'no failure known')],
    ['last change', kept(lastChange ? changeLine(lastChange) : 'none')],
    ...(isBegun ? [['under way', intentLine(decision)] as const] : []),
  ];
}

function intentLine({ from, to, by, reason }: Intent): string {
  return `${from} → ${to}, by ${by}: ${reason}`;
}

function troubleLine({ by, since, failures, error, nextAt }: Trouble): string {
  const times = failures === 1 ? 'once' : `${failures} times in a row`;
  return `FAILS since ${since}, ${times}, asked by ${by}: ${error}; asked again at ${nextAt} or when something changes`;
}

function changeLine({ at, from, to, outcome, by, reason }: AuditLine): string {
  return `${at}  ${from ?? '–'} → ${to}  ${outcome}, by ${by}: ${reason}`;
}

function siteLines(
  { site, addresses, verdict, writable, said, silent, members }: SiteStatus,
  isKnown: boolean,
): string[] {
  return [
    '',
    `${site}  ${addresses.join(' ')}  ${isKnown ? verdict : UNKNOWN}${writable ? ', writable' : ''}`,
    ...said.map(
      (each) =>
        `  ${each.observer.padEnd(14)}${each.verdict.padEnd(10)}${String(each.streak).padStart(5)} ×  ${each.reason}`,
    ),
    ...(silent ?? []).map((observer) => `  ${observer.padEnd(14)}says nothing`),
    ...members.map(
      (each) =>
        `  ${each.name.padEnd(14)}${each.role.padEnd(15)}${each.state.padEnd(11)}timeline ${each.timeline ?? '?'}  lag ${lagOf(each)}`,
    ),
  ];
}

/** The leader is behind nobody; of another one that does not tell, nobody knows. */
function lagOf({ role, lagBytes }: Member): string {
  return lagBytes === null ? (LEADERS.includes(role) ? '–' : '?') : String(lagBytes);
}

function addressLines({ address, holders, states }: AddressStatus): string[] {
  const isSilent = states.some(({ answered }) => !answered);
  const nobody = isSilent ? 'not known: an agent does not answer' : 'held by nobody';
  const split = holders.length > 1 ? '  TWO HOLDERS' : '';
  return [
    `  ${address.padEnd(24)}${holders.length > 0 ? `held by ${holders.join(', ')}` : nobody}${split}`,
    ...states.map(({ agent, answered, state, since }) => `    ${agent.padEnd(22)}${state ?? (answered ? 'keepalived has said nothing' : 'does not answer')}${since ? `  since ${since}` : ''}`), // prettier-ignore
  ];
}

function serverLine({ server, addresses, mark, ttlSeconds, error }: ServerView): string {
  const said = error ?? `${addresses.join(' ')}  ttl ${ttlSeconds}  epoch ${mark?.epoch ?? 'none'}`;
  return `  ${server.padEnd(24)}${said}`;
}
