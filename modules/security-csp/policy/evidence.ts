import type { Attempt } from '../csp/match.js';
import type { Group } from '../group/group.entity.js';
import type { Resolution } from './resolution.entity.js';

/** What the groups of an app say, as far as a policy is concerned. */
export type Evidence = Pick<
  Group,
  | 'id'
  | 'directive'
  | 'blockedKind'
  | 'blockedOrigin'
  | 'blockedUrl'
  | 'documentOrigins'
  | 'noise'
  | 'verdict'
> & { readonly resolution: Pick<Resolution, 'how' | 'hashes'> | null };

/**
 * The origin of a request that every page of an app may make and that no policy may allow: its reports
 * prove that reports arrive. A name that never resolves (RFC 2606, section 2).
 */
export const CANARY_ORIGIN = 'https://csp-canary.invalid';

/** Whether a group is the canary, of which nobody decides anything. */
export function isCanary({ blockedOrigin }: Pick<Group, 'blockedOrigin'>): boolean {
  return blockedOrigin === CANARY_ORIGIN;
}

/** Kinds that no origin can allow: a person says what is done about them. */
const SCHEMES = ['data', 'blob', 'scheme'];

/** Whether origins can allow it. */
export function hasOrigin({ blockedKind }: Pick<Group, 'blockedKind'>): boolean {
  return blockedKind === 'url' || blockedKind === 'self';
}

/** Whether only a scheme as a source can allow it. */
export function hasSchemeOnly({ blockedKind }: Pick<Group, 'blockedKind'>): boolean {
  return SCHEMES.includes(blockedKind);
}

/** What a group was blocked as, for a person to read. */
export function blockedText({ blockedKind, blockedUrl, blockedOrigin }: Evidence): string {
  return blockedUrl ?? blockedOrigin ?? blockedKind;
}

/**
 * What the pages did, as the matcher is asked: once for every origin that the group was seen on. A URL
 * of a group is one example of many of its origin.
 */
export function attemptsOf(evidence: Evidence): Attempt[] {
  const { directive, blockedKind, blockedUrl, blockedOrigin, documentOrigins } = evidence;
  const origins = documentOrigins.length > 0 ? documentOrigins : ['https://unknown.invalid'];
  const hashes = evidence.resolution?.hashes ?? [];
  return origins.map((origin) => {
    const url = hasOrigin(evidence)
      ? (blockedUrl ?? blockedOrigin ?? origin)
      : blockedKind === 'scheme'
        ? (blockedOrigin ?? 'about:')
        : blockedKind;
    return { pageUrl: `${origin}/`, directive, url, hashes };
  });
}
