import type { Observation, Place } from './observation.js';
import { Sketch } from './sketch.js';
import type { ScriptHash } from './violation.js';

/** What comes of reports that are not kept, each kind with its number. */
const TALLIES = [
  ...(['unreadable', 'limited', 'overflowed', 'dropped', 'unclaimed'] as const),
  ...(['foreignDocument', 'kept', 'hashes'] as const),
] as const;
export type Tally = Record<(typeof TALLIES)[number], number>;

/** Where reports belong, and when: the app's slug and the business day. */
export interface Belonging {
  readonly slug: string;
  readonly day: string;
}

/** Reports of one kind that have come and are not stored yet. */
export interface Pending extends Belonging, Omit<Observation, 'document'> {
  readonly key: string;
  readonly version: number | null;
  readonly disposition: 'enforce' | 'report';
  readonly document: Place;
  firstAt: number;
  lastAt: number;
  count: number;
  readonly pages: Sketch;
  readonly reporters: Sketch;
  readonly browsers: Set<string>;
  /** One of them as it came, redacted. */
  readonly sample: Readonly<Record<string, unknown>>;
}

export interface PendingHash extends Belonging, ScriptHash {
  count: number;
}

/** What one turn of storing takes. */
export interface Taken {
  readonly groups: readonly Pending[];
  readonly hashes: readonly PendingHash[];
  readonly tallies: readonly (Belonging & { readonly tally: Tally })[];
}

const MAX_BROWSERS = 10;
const MAX_HASHES = 1_000;
const MAX_TALLIES = 1_000;
/** Texts of policies are the largest part of a group; those of one app are few. */
const MAX_POLICIES = 256;

/**
 * What has come since the last turn of storing. It holds groups and not reports, so that a flood of
 * the same costs nothing, and at most so many groups; half of the room is for those that are
 * stored already, so that invented ones do not crowd them out.
 */
export class Backlog {
  private groups = new Map<string, Pending>();
  private hashes = new Map<string, PendingHash>();
  private tallies = new Map<string, Belonging & { readonly tally: Tally }>();
  private stored = new Set<string>();
  private policies = new Set<string>();
  private strangers = 0;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.groups.size + this.hashes.size;
  }

  get isEmpty(): boolean {
    return this.size === 0 && this.tallies.size === 0;
  }

  /** Counts a report to its group. @returns null when there is no room for a further group */
  count(
    { key, policyHash, at }: { key: string; policyHash: string; at: number },
    begin: () => Pending,
  ): Pending | null {
    const known = this.groups.get(key);
    if (known) {
      known.count += 1;
      known.lastAt = at;
      return known;
    }
    if (!this.hasRoomFor(key, policyHash)) return null;
    const begun = begin();
    this.groups.set(key, begun);
    return begun;
  }

  /** Counts a hash. @returns whether there was room */
  countHash(of: Belonging, found: ScriptHash, count = 1): boolean {
    const key = `${of.day}\n${of.slug}\n${found.hash}\n${found.url}`;
    const known = this.hashes.get(key);
    if (known) known.count += count;
    else if (this.hashes.size >= MAX_HASHES) return false;
    else this.hashes.set(key, { ...of, ...found, count });
    return true;
  }

  /** Counts what is not kept, or is. */
  note(of: Belonging, kind: keyof Tally, count: number): void {
    const key = `${of.day}\n${of.slug}`;
    let known = this.tallies.get(key);
    if (!known) {
      if (this.tallies.size >= MAX_TALLIES) return;
      known = { ...of, tally: emptyTally() };
      this.tallies.set(key, known);
    }
    known.tally[kind] += count;
  }

  /** Hands everything over, and begins anew. */
  take(): Taken {
    const taken = {
      groups: [...this.groups.values()],
      hashes: [...this.hashes.values()],
      tallies: [...this.tallies.values()],
    };
    this.groups = new Map();
    this.hashes = new Map();
    this.tallies = new Map();
    this.policies = new Set();
    this.strangers = 0;
    return taken;
  }

  /** Takes back what could not be stored; what finds no room any more is counted as dropped. */
  putBack({ groups, hashes, tallies }: Taken): void {
    for (const group of groups) {
      const known = this.groups.get(group.key);
      if (known) join(known, group);
      else if (this.hasRoomFor(group.key, group.policyHash)) this.groups.set(group.key, group);
      else this.note(group, 'dropped', group.count);
    }
    for (const found of hashes) {
      if (!this.countHash(found, found, found.count)) this.note(found, 'dropped', found.count);
    }
    for (const { tally, ...of } of tallies) {
      for (const kind of TALLIES) this.note(of, kind, tally[kind]);
    }
  }

  /** These have their place in the database: there is room for them first. */
  remember(keys: readonly string[]): void {
    if (this.stored.size + keys.length > this.capacity * 2) this.stored = new Set();
    for (const key of keys) this.stored.add(withoutDay(key));
  }

  private hasRoomFor(key: string, policyHash: string): boolean {
    if (this.groups.size >= this.capacity) return false;
    if (this.policies.size >= MAX_POLICIES && !this.policies.has(policyHash)) return false;
    this.policies.add(policyHash);
    if (this.stored.has(withoutDay(key))) return true;
    this.strangers += 1;
    return this.strangers <= this.capacity / 2;
  }
}

/** Notes who reported what, from where. */
export function witness(pending: Pending, page: number, reporter: number, browser: string): void {
  pending.pages.add(page);
  pending.reporters.add(reporter);
  if (pending.browsers.size < MAX_BROWSERS) pending.browsers.add(browser);
}

function join(known: Pending, other: Pending): void {
  known.count += other.count;
  known.firstAt = Math.min(known.firstAt, other.firstAt);
  known.lastAt = Math.max(known.lastAt, other.lastAt);
  known.pages.merge(other.pages);
  known.reporters.merge(other.reporters);
  for (const browser of other.browsers) {
    if (known.browsers.size < MAX_BROWSERS) known.browsers.add(browser);
  }
}

function withoutDay(key: string): string {
  return key.slice(key.indexOf('\n'));
}

export function emptyTally(): Tally {
  return Object.fromEntries(TALLIES.map((kind) => [kind, 0])) as Tally;
}
