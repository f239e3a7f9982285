import { Injectable } from '@nestjs/common';
import { Clock, Config, Database, newId } from '#kernel';
import type { ConfigValues } from '#kernel';
import type { FoundApp } from '../app/app-directory.service.js';
import { cspConfig } from '../security-csp.config.js';
import { emptyTally } from './backlog.js';
import type { Tally } from './backlog.js';
import { fold } from './fold.js';
import type { Folded } from './fold.js';
import * as sql from './group-store.sql.js';
import type { Part } from './part.js';

const HOUR_MS = 3_600_000;
/** Of the groups that may begin in an hour, this part for documents that are not the app's. */
const FOREIGN_PART = 20;
/** Single reports kept of a group: the first, and the first of each further browser. */
const MAX_SAMPLES = 5;
const MAX_LISTED = 10;

interface Known {
  readonly id: string;
  readonly fingerprint: string;
  readonly samples: number;
  readonly browsers: readonly string[];
}

interface Stored {
  readonly group: Folded;
  readonly id: string;
  readonly samples: number;
  readonly sampled: boolean;
}

/** Writes reports to their groups, in the present company: a few statements for hundreds of groups. */
@Injectable()
export class GroupStoreService {
  private readonly config: ConfigValues<typeof cspConfig>;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.config = config.of(cspConfig);
  }

  /** Stores one part in one transaction. @returns the keys of those that have a group now */
  async store(app: FoundApp, part: Part): Promise<readonly string[]> {
    const groups = fold(app, part.groups, this.config.CSP_INJECTED_HOSTS);
    return this.database.transaction(async () => {
      const { stored, overflowed } = await this.place(app, groups);
      await this.writeGroups(app, part.day, stored);
      await this.writeHashes(app, part);
      await this.writeTally(app, part, tallyOf(part, groups, overflowed));
      return stored.flatMap(({ group }) => group.keys);
    });
  }

  /** Which of them have a group or may begin one. */
  private async place(
    app: FoundApp,
    groups: readonly Folded[],
  ): Promise<{ stored: Stored[]; overflowed: number }> {
    const known = await this.known(app, groups);
    const fresh = groups.filter(({ fingerprint }) => !known.has(fingerprint));
    const admitted = fresh.length > 0 ? await this.admit(app, fresh, known) : new Set<string>();
    const stored: Stored[] = [];
    let overflowed = 0;
    for (const group of groups) {
      const found = known.get(group.fingerprint);
      if (!found && !admitted.has(group.fingerprint)) overflowed += group.count;
      else stored.push(placed(group, found));
    }
    return { stored, overflowed };
  }

  private async known(app: FoundApp, groups: readonly Folded[]): Promise<Map<string, Known>> {
    if (groups.length === 0) return new Map();
    const fingerprints = groups.map(({ fingerprint }) => fingerprint);
    const rows = await this.database.rows<Known>(sql.KNOWN, [
      ...[this.database.companyId, app.id, fingerprints],
    ]);
    return new Map(rows.map((row) => [row.fingerprint, row]));
  }

  /** Lets so many begin as the hour allows; one process at a time, so that none begins twice. */
  private async admit(
    app: FoundApp,
    fresh: readonly Folded[],
    known: Map<string, Known>,
  ): Promise<Set<string>> {
    await this.database.lockName(`security-csp.groups ${app.id}`);
    for (const [fingerprint, row] of await this.known(app, fresh)) known.set(fingerprint, row);
    const since = new Date(this.clock.now().getTime() - HOUR_MS);
    const [begun] = await this.database.rows<{ own: number; foreign: number }>(sql.BEGUN, [
      ...[this.database.companyId, app.id, since],
    ]);
    const limit = this.config.CSP_NEW_GROUPS_PER_HOUR;
    let own = limit - (begun?.own ?? 0);
    let foreign = Math.ceil(limit / FOREIGN_PART) - (begun?.foreign ?? 0);
    const admitted = new Set<string>();
    for (const { fingerprint, foreignDocument } of fresh) {
      if (known.has(fingerprint)) continue;
      const left = foreignDocument ? foreign : own;
      if (left <= 0) continue;
      if (foreignDocument) foreign -= 1;
      else own -= 1;
      admitted.add(fingerprint);
    }
    return admitted;
  }

  private async writeGroups(app: FoundApp, day: string, stored: readonly Stored[]): Promise<void> {
    if (stored.length === 0) return;
    const { companyId } = this.database;
    const now = this.clock.now();
    const policies = new Map(stored.map(({ group: { of } }) => [of.policyHash, of.policy]));
    const texts = [...policies].map(([hash, text]) => ({ id: newId(), hash, text }));
    await this.database.write(sql.POLICY_TEXTS, [companyId, now, JSON.stringify(texts)]);
    const rows = JSON.stringify(stored.map(rowOf));
    await this.database.write(sql.GROUPS, [companyId, app.id, app.slug, now, day, rows]);
    await this.database.write(sql.GROUP_DAYS, [companyId, app.id, day, rows]);
    const samples = stored
      .filter(({ sampled }) => sampled)
      .map(({ id, samples: slot, group }) => ({
        ...{ id: newId(), groupId: id, slot, report: group.of.sample },
      }));
    if (samples.length > 0) {
      await this.database.write(sql.SAMPLES, [companyId, now, JSON.stringify(samples)]);
    }
  }

  private async writeHashes(app: FoundApp, { day, hashes }: Part): Promise<void> {
    if (hashes.length === 0) return;
    const rows = hashes
      .map(({ url, hash, destination, count }) => ({ id: newId(), url, hash, destination, count }))
      .sort((a, b) => (a.url + a.hash < b.url + b.hash ? -1 : 1));
    await this.database.write(sql.HASHES, [
      ...[this.database.companyId, app.id, this.clock.now(), day, JSON.stringify(rows)],
      ...[this.config.CSP_NEW_GROUPS_PER_HOUR],
    ]);
  }

  private async writeTally(app: FoundApp, { day }: Part, tally: Tally): Promise<void> {
    const { kept, hashes, foreignDocument, unreadable, limited } = tally;
    await this.database.write(sql.TALLY, [
      ...[this.database.companyId, app.id, day, kept, hashes, foreignDocument, unreadable],
      ...[limited, tally.overflowed, tally.dropped, tally.unclaimed],
    ]);
  }
}

function placed(group: Folded, known: Known | undefined): Stored {
  const samples = known?.samples ?? 0;
  const isNewBrowser = [...group.browsers].some((browser) => !known?.browsers.includes(browser));
  const sampled = samples < MAX_SAMPLES && (samples === 0 || isNewBrowser);
  return { group, id: known?.id ?? newId(), samples, sampled };
}

function rowOf({ group, id, sampled }: Stored): object {
  const { of } = group;
  return {
    ...{ id, fingerprint: group.fingerprint, policy_hash: of.policyHash },
    ...{ policy_version: of.version, disposition: of.disposition, directive: of.directive },
    ...{ blocked_kind: of.blockedKind, blocked_origin: of.blockedOrigin },
    ...{ blocked_url: of.blockedUrl, source_origin: of.sourceOrigin },
    foreign_document: group.foreignDocument,
    document_origins: [...group.documentOrigins].slice(0, MAX_LISTED),
    first_seen_at: new Date(group.firstAt).toISOString(),
    last_seen_at: new Date(group.lastAt).toISOString(),
    count: Math.min(group.count, 1_000_000_000),
    page_sketch: group.pages.least(),
    reporter_sketch: group.reporters.least(),
    browsers: [...group.browsers].slice(0, MAX_LISTED),
    samples: sampled ? 1 : 0,
    noise_reason: group.noiseReason,
  };
}

function tallyOf(part: Part, groups: readonly Folded[], overflowed: number): Tally {
  const sum = emptyTally();
  for (const { tally } of part.tallies) {
    for (const kind of Object.keys(sum) as (keyof Tally)[]) sum[kind] += tally[kind];
  }
  const came = groups.reduce((count, group) => count + group.count, 0);
  const foreign = groups.filter(({ foreignDocument }) => foreignDocument);
  sum.kept += came - overflowed;
  sum.overflowed += overflowed;
  sum.foreignDocument += foreign.reduce((count, group) => count + group.count, 0);
  sum.hashes += part.hashes.reduce((count, found) => count + found.count, 0);
  return sum;
}
