import { leafOf, takesSources } from '../csp/directives.js';
import { decideBy, Rules } from '../csp/match.js';
import { printPolicy, readPolicy, rulerOf, valuesOf, withSource } from '../csp/policy-text.js';
import type { Policy } from '../csp/policy-text.js';
import { attemptsOf, blockedText, hasOrigin, hasSchemeOnly, isCanary } from './evidence.js';
import type { Evidence } from './evidence.js';

/** A source that was added, and for which group. */
interface Addition {
  readonly directive: string;
  readonly source: string;
  readonly groupId: string;
}

/** An accepted group of which a person must say something first. */
interface Unresolved {
  readonly groupId: string;
  readonly directive: string;
  readonly blocked: string;
  readonly es: string;
  readonly en: string;
}

export interface Recommendation {
  readonly text: string;
  readonly additions: readonly Addition[];
  readonly unresolved: readonly Unresolved[];
  /** Directives whose inline elements must get a nonce from the application. */
  readonly nonces: readonly string[];
}

/**
 * The policy with the smallest sources that let the accepted groups through: origins, `'self'`, and
 * hashes and schemes that a person named. It never adds `unsafe-*`, a wildcard or a scheme by itself.
 */
export function recommend(text: string, groups: readonly Evidence[]): Recommendation {
  const additions: Addition[] = [];
  const unresolved: Unresolved[] = [];
  const nonces = new Set<string>();
  let policy = readPolicy(text).policy;
  let rules = new Rules(policy);
  for (const group of groups) {
    if (group.verdict !== 'accepted' || isCanary(group)) continue;
    if (group.resolution?.how === 'refuse' || isAllowed(rules, group)) continue;
    if (group.resolution?.how === 'nonce') {
      nonces.add(leafOf(group.directive));
      continue;
    }
    const sources = sourcesFor(policy, group);
    if (typeof sources === 'string') {
      unresolved.push(unresolvedOf(group, sources));
      continue;
    }
    for (const source of sources) {
      policy = withSource(policy, group.directive, source);
      additions.push({ directive: group.directive, source, groupId: group.id });
    }
    rules = new Rules(policy);
  }
  return { text: printPolicy(policy), additions, unresolved, nonces: [...nonces].sort() };
}

/** By the standard and by Chromium: a source that only one of them takes is not enough. */
function isAllowed(rules: Rules, group: Evidence): boolean {
  return attemptsOf(group).every((attempt) =>
    (['csp3', 'chromium'] as const).every(
      (dialect) => decideBy([rules], attempt, dialect)?.allowed,
    ),
  );
}

type Trouble = keyof typeof TROUBLES;

function sourcesFor(policy: Policy, group: Evidence): readonly string[] | Trouble {
  const { resolution, directive, blockedOrigin, documentOrigins } = group;
  if (!takesSources(leafOf(directive))) return 'trusted-types';
  if (hasOrigin(group)) {
    if (isDynamic(policy, directive)) return 'strict-dynamic';
    const isOwn = blockedOrigin === null || documentOrigins.every((own) => own === blockedOrigin);
    if (isOwn) return ["'self'"];
    return isNamed(blockedOrigin) ? [blockedOrigin] : 'address';
  }
  if (hasSchemeOnly(group)) {
    if (resolution?.how !== 'scheme') return 'scheme';
    return [group.blockedKind === 'scheme' ? (blockedOrigin ?? '') : `${group.blockedKind}:`];
  }
  if (group.blockedKind !== 'inline') return 'eval';
  if (resolution?.how !== 'hash') return 'inline';
  const values = valuesOf(policy, rulerOf(policy, directive) ?? '') ?? [];
  if (directive.endsWith('-attr') && !values.includes("'unsafe-hashes'")) return 'attribute';
  return resolution.hashes.map((hash) => `'${hash}'`);
}

const TROUBLES = {
  inline: ['código en línea: hash, nonce o rechazo', 'inline: a hash, a nonce, or refuse it'],
  attribute: [
    "un atributo necesita 'unsafe-hashes', que escribe una persona, o rechazo",
    "an attribute needs 'unsafe-hashes', which a person writes, or refuse it",
  ],
  eval: ['eval: cambiar el código, o rechazo', 'eval: change the code, or refuse it'],
  'trusted-types': [
    'Trusted Types: cambiar el código, o rechazo',
    'Trusted Types: change the code, or refuse it',
  ],
  scheme: ['un esquema entero: que una persona lo diga', 'a whole scheme: a person must say so'],
  'strict-dynamic': [
    "con 'strict-dynamic' los orígenes no cuentan: un nonce o hash",
    "beside 'strict-dynamic' origins do not count: a nonce or hash",
  ],
  address: [
    'las direcciones IP no se permiten por sí solas',
    'an IP address is not allowed by itself',
  ],
} as const;

function unresolvedOf(group: Evidence, trouble: Trouble): Unresolved {
  const [es, en] = TROUBLES[trouble];
  const blocked = blockedText(group);
  return { groupId: group.id, directive: group.directive, blocked, es, en };
}

function isNamed(origin: string): boolean {
  return URL.canParse(origin) && !/^(\d{1,3}(\.\d{1,3}){3}|\[.*)$/.test(new URL(origin).hostname);
}

function isDynamic(policy: Policy, directive: string): boolean {
  if (!leafOf(directive).startsWith('script-src')) return false;
  const values = valuesOf(policy, rulerOf(policy, directive) ?? '') ?? [];
  return values.some((value) => value.toLowerCase() === "'strict-dynamic'");
}
