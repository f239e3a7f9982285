import { lintBoth } from '../csp/lint.js';
import type { Finding } from '../csp/lint.js';
import { printPolicy, withSource } from '../csp/policy-text.js';
import type { Policy } from '../csp/policy-text.js';

/** A version of an app's policy, as it is sent. */
export interface SentPolicy {
  readonly version: number;
  /** Without `report-uri` and `report-to`; {@link headersOf} adds them. */
  readonly policy: Policy;
  /** Leaf directives whose inline elements get a nonce from the application. */
  readonly nonces: readonly string[];
}

/** Stands where each answer has a nonce of its own. */
export const NONCE = "'nonce-{nonce}'";

/** What is sent for an app. */
export interface Emission {
  /** The app's slug. */
  readonly app: string;
  readonly enforced: SentPolicy | null;
  /** How many of a hundred visitors get it enforced; the others get the same in Report-Only. */
  readonly percent: number;
  /** Enforced for the others still, where one is about to take its place. */
  readonly previous: SentPolicy | null;
  /** Watched only, by everybody, beside the enforced one if there is one. */
  readonly reportOnly: SentPolicy | null;
  /** `https://erp.example` before the path of the collector; empty for the pages' own origin. */
  readonly base: string;
  /** Whether pages come by https. Without it only `report-uri` works, and is all that is sent. */
  readonly secure: boolean;
}

/** The headers of one answer; what is null is not sent. */
export interface EmittedHeaders {
  readonly 'Content-Security-Policy': string | null;
  readonly 'Content-Security-Policy-Report-Only': string | null;
  readonly 'Reporting-Endpoints': string | null;
}

/** The app of the installation's own pages, whose reports go to `/csp/report`. */
const OWN_APP = 'default';

/** The group of endpoints that policies name in `report-to`. */
const GROUP = 'csp-endpoint';

/** Its name for the watched policy where an enforced one has taken the first. */
const SECOND_GROUP = 'csp-endpoint-report-only';

/**
 * The address of the collector for one version of an app's policy. WebKit does not say whether it
 * enforced, and so the address does.
 */
function endpointOf(
  { app, base }: Emission,
  version: number,
  disposition: 'enforce' | 'report',
): string {
  const path = app === OWN_APP ? '/csp/report' : `/csp/report/${app}`;
  return `${base}${path}?v=${version}&d=${disposition}`;
}

/**
 * The headers of an emission's answers, for those who get the policy enforced. What is watched is left
 * out where it contradicts what is enforced, see {@link unwatchedOf}: what is enforced must always
 * be sayable, above all after a roll-back.
 */
export function headersOf(emission: Emission): EmittedHeaders {
  const { enforced, secure } = emission;
  const reportOnly = contradictions(emission).length > 0 ? null : emission.reportOnly;
  const second = enforced === null ? GROUP : SECOND_GROUP;
  const endpoints = [
    ...(enforced === null ? [] : [[GROUP, endpointOf(emission, enforced.version, 'enforce')]]),
    ...(reportOnly === null ? [] : [[second, endpointOf(emission, reportOnly.version, 'report')]]),
  ];
  const written = endpoints.map(([group, url]) => `${group}="${url}"`).join(', ');
  return {
    'Content-Security-Policy': enforced && textOf(emission, enforced, 'enforce'),
    'Content-Security-Policy-Report-Only': reportOnly && textOf(emission, reportOnly, 'report'),
    'Reporting-Endpoints': secure && written !== '' ? written : null,
  };
}

/** Why what is watched is not sent beside what is enforced. */
export function unwatchedOf(emission: Emission): readonly Finding[] {
  const { version } = emission.reportOnly ?? { version: 0 };
  return contradictions(emission).map(({ es, en }) => ({
    code: 'not-watched',
    severity: 'warning',
    es: `la versión ${version} no se observa: ${es}`,
    en: `version ${version} is not watched: ${en}`,
  }));
}

function contradictions({ enforced, reportOnly }: Emission): readonly Finding[] {
  if (enforced === null || reportOnly === null) return [];
  return lintBoth(printPolicy(enforced.policy), printPolicy(reportOnly.policy));
}

/** What those get for whom the newest is not enforced yet: the one before it, and the newest watched. */
export function watchedOf(emission: Emission): Emission {
  const { enforced, previous, reportOnly } = emission;
  return { ...emission, enforced: previous, reportOnly: enforced ?? reportOnly };
}

/** The headers of {@link watchedOf}. */
export function watchedHeadersOf(emission: Emission): EmittedHeaders {
  return headersOf(watchedOf(emission));
}

function textOf(
  emission: Emission,
  { policy, version, nonces }: SentPolicy,
  disposition: 'enforce' | 'report',
): string {
  const group = disposition === 'report' && emission.enforced !== null ? SECOND_GROUP : GROUP;
  const uri = { name: 'report-uri', values: [endpointOf(emission, version, disposition)] };
  const to = { name: 'report-to', values: [group] };
  return printPolicy([
    ...withoutReporting(withNonces(policy, nonces)),
    uri,
    ...(emission.secure ? [to] : []),
  ]);
}

function withNonces(policy: Policy, nonces: readonly string[]): Policy {
  return nonces.reduce((all, directive) => withSource(all, directive, NONCE), policy);
}

/** The directives that say what is allowed, and not where to tell of it. */
export function withoutReporting(policy: Policy): Policy {
  return policy.filter(({ name }) => name !== 'report-uri' && name !== 'report-to');
}
