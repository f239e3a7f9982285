import type { Failover } from './config.js';
import type { Entry, Etcd } from './etcd.js';
import { keysOf } from './keys.js';
import { consensusOf } from './rules.js';
import type { Consensus, Observation } from './rules.js';
import type { ZoneView } from './zone.js';

/** A decision as etcd keeps it, so that whoever comes next knows what was begun. */
export interface Intent {
  readonly by: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** The epoch that stood when it was decided; the change is made over this one or not at all. */
  readonly over: number;
  readonly state: 'decided' | 'written' | 'abandoned';
}

/** How the provider fails the decider that leads. */
export interface Trouble {
  readonly by: string;
  /** Of the first failure in a row. */
  readonly since: string;
  readonly failures: number;
  readonly error: string;
  /** When it is asked again, at the latest. */
  readonly nextAt: string;
}

/** All that etcd knows at one revision. */
export interface Snapshot {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly consensus: readonly Consensus[];
  readonly observations: readonly HeardObservation[];
  readonly frozen: string | null;
  readonly heldDown: boolean;
  readonly flipsLastHour: number;
  readonly intent: Intent | null;
  readonly trouble: Trouble | null;
  readonly leader: string | null;
}

interface HeardObservation extends Observation {
  readonly observer: string;
  readonly site: string;
}

/**
 * Reads everything in one linearizable request.
 *
 * @param isFresh whether an observation still counts beside hanging on a living lease
 */
export async function readSnapshot(
  etcd: Etcd,
  failover: Failover,
  isFresh: (entry: Entry) => boolean = () => true,
): Promise<Snapshot> {
  const keys = keysOf(failover.prefix);
  const entries = new Map((await etcd.list(keys.all)).map((entry) => [entry.key, entry]));
  const observations = failover.observers.flatMap((observer) =>
    failover.sites.flatMap(({ name }) => {
      const entry = entries.get(keys.observation(observer, name));
      const said = entry && isFresh(entry) ? parse<Observation>(entry) : null;
      return said ? [{ ...said, observer, site: name }] : [];
    }),
  );
  const quorum = { observers: failover.quorum, windows: failover.policy.windows };
  return {
    entries,
    observations,
    consensus: failover.sites.map(({ name }) =>
      consensusOf(
        name,
        observations.filter(({ site }) => site === name),
        quorum,
      ),
    ),
    frozen: entries.get(keys.frozen)?.value ?? null,
    heldDown: entries.has(keys.holdDown),
    flipsLastHour: [...entries.keys()].filter((key) => key.startsWith(keys.flips)).length,
    intent: parse<Intent>(entries.get(keys.decision)),
    trouble: parse<Trouble>(entries.get(keys.trouble)),
    leader: parse<{ name: string }>(entries.get(keys.leader))?.name ?? null,
  };
}

/**
 * The site that the name points to; null when servers differ, or address and mark do not belong
 * together because somebody changed one of them by hand.
 */
export function activeSite(
  { sites }: Pick<Failover, 'sites'>,
  { agreed }: ZoneView,
  hidden = false,
): string | null {
  const marked = sites.find(({ name }) => name === agreed?.mark?.site);
  if (!agreed || !marked) return null;
  const isThere =
    agreed.addresses.length === marked.addresses.length &&
    marked.addresses.every((each) => agreed.addresses.some((other) => sameAddress(each, other)));
  return hidden || isThere ? marked.name : null;
}

function sameAddress(a: string, b: string): boolean {
  return canonical(a) === canonical(b);
}

function canonical(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname : address;
}

/** What an entry says; null where there is none or where it is damaged. */
export function parse<T>(entry: Entry | undefined): T | null {
  try {
    return entry ? (JSON.parse(entry.value) as T) : null;
  } catch {
    return null;
  }
}
