import { hash } from 'node:crypto';
import { isHostOf } from '../app/hosts.js';
import type { FoundApp } from '../app/app-directory.service.js';
import type { NoiseReason } from '../group/group.entity.js';
import { noiseOf } from '../group/noise.rule.js';
import type { Pending } from './backlog.js';
import { Sketch } from './sketch.js';

/** What has come of one group: the reports of all its pages' hosts together. */
export interface Folded {
  readonly fingerprint: string;
  /** The first of them, which says what all of them share. */
  readonly of: Pending;
  readonly keys: string[];
  readonly foreignDocument: boolean;
  readonly noiseReason: NoiseReason | null;
  count: number;
  firstAt: number;
  lastAt: number;
  readonly pages: Sketch;
  readonly reporters: Sketch;
  readonly browsers: Set<string>;
  readonly documentOrigins: Set<string>;
}

/** Puts together what is one group, in the order of fingerprints: no two processes lock crosswise. */
export function fold(
  app: FoundApp,
  pending: readonly Pending[],
  injectedHosts: readonly string[],
): Folded[] {
  const folded = new Map<string, Folded>();
  for (const each of pending) {
    const isForeign = isForeignTo(app, each);
    const fingerprint = fingerprintOf(each, isForeign);
    let group = folded.get(fingerprint);
    if (!group) {
      group = begin(app, each, { fingerprint, isForeign, injectedHosts });
      folded.set(fingerprint, group);
    }
    group.keys.push(each.key);
    group.count += each.count;
    group.firstAt = Math.min(group.firstAt, each.firstAt);
    group.lastAt = Math.max(group.lastAt, each.lastAt);
    group.pages.merge(each.pages);
    group.reporters.merge(each.reporters);
    for (const browser of each.browsers) group.browsers.add(browser);
    if (each.document.origin !== null) group.documentOrigins.add(each.document.origin);
  }
  return [...folded.values()].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

function begin(
  app: FoundApp,
  of: Pending,
  seen: { fingerprint: string; isForeign: boolean; injectedHosts: readonly string[] },
): Folded {
  const { fingerprint, isForeign, injectedHosts } = seen;
  const { blockedKind, blockedOrigin, sourceOrigin, version, document } = of;
  const facts = {
    ...{ blockedKind, blockedOrigin, sourceOrigin, foreignDocument: isForeign },
    ...{ documentScheme: document.scheme, policyVersion: version },
  };
  return {
    ...{ fingerprint, of, keys: [], foreignDocument: isForeign },
    noiseReason: noiseOf(facts, app.oldestVersion, injectedHosts),
    ...{ count: 0, firstAt: of.firstAt, lastAt: of.lastAt },
    ...{ pages: new Sketch(), reporters: new Sketch() },
    ...{ browsers: new Set<string>(), documentOrigins: new Set<string>() },
  };
}

/**
 * Whether the document is none of the app's. A page without an address of its own (`about:srcdoc`)
 * has its opener's policy, and is as good as the app's.
 */
function isForeignTo({ hosts }: FoundApp, { document }: Pending): boolean {
  const { scheme, host, port } = document;
  if (scheme !== null) return scheme !== 'about' && !hosts.includes('*');
  return !isHostOf(hosts, host, port);
}

/** A version names a policy; without one, its text does. */
function fingerprintOf(of: Pending, isForeign: boolean): string {
  const parts = [
    ...[of.version ?? of.policyHash, of.disposition, of.directive, of.blockedKind],
    ...[of.blockedOrigin, of.sourceOrigin, isForeign],
  ];
  return hash('sha256', JSON.stringify(parts), 'base64url');
}
