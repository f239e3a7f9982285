import type { BlockedKind, NoiseReason } from './group.entity.js';

/** What the first look at a group knows. */
export interface Seen {
  readonly blockedKind: BlockedKind;
  /** `https://cdn.example`, or a bare scheme: `chrome-extension:`. */
  readonly blockedOrigin: string | null;
  readonly sourceOrigin: string | null;
  readonly foreignDocument: boolean;
  /** The document's address has a scheme of the browser's own. */
  readonly documentScheme: string | null;
  readonly policyVersion: number | null;
}

/** Schemes under which browsers and their extensions run code of their own in pages. */
const EXTENSION_SCHEMES = new Set([
  ...['chrome-extension', 'moz-extension', 'safari-extension', 'safari-web-extension'],
  ...['ms-browser-extension', 'edge-extension', 'opera-extension', 'webkit-masked-url'],
  ...['user-script', 'chrome', 'resource', 'moz-safe-about', 'chromenull', 'chromeinvoke'],
  ...['chromeinvokeimmediate', 'mbinit', 'mxjscall', 'mxaddjsframe', 'nikkomsgchannel'],
]);

/** Schemes of an address that a page of the web has a use for. */
const WEB_SCHEMES = new Set(['http', 'https', 'ws', 'wss', 'data', 'blob', 'filesystem']);

/**
 * Hosts, and all below them, whose scripts are put into pages by programs on the visitor's machine or
 * by networks on the way: virus scanners, translators, advertising software.
 */
const INJECTED_HOSTS = [
  ...['kaspersky-labs.com', 'local.adguard.org', 'translate.googleapis.com'],
  ...['translate.google.com', 'translate-pa.googleapis.com'],
  ...['superfish.com', 'conduit.com', 'conduit-services.com', 'data.babylon.com'],
  ...['cdncache-a.akamaihd.net', 'savingsslider-a.akamaihd.net', 'gjtrack.ucweb.com'],
  ...['bestpriceninja.com', 'jswrite.com', 'loadingages.com', 'xpanama.net'],
  ...['webpagescripts.net', 'datafastguru.info', 'tlscdn.com', 'static.re-markable.net'],
];

/** Why a violation is not the app's doing, or null when nothing says so. */
export function noiseOf(
  seen: Seen,
  oldestVersion: number | null,
  moreInjected: readonly string[] = [],
): NoiseReason | null {
  const { blockedKind, blockedOrigin, sourceOrigin, documentScheme } = seen;
  const schemes = [documentScheme, schemeOf(blockedOrigin), schemeOf(sourceOrigin)];
  if (schemes.some((scheme) => scheme !== null && EXTENSION_SCHEMES.has(scheme))) {
    return 'extension';
  }
  if (seen.foreignDocument) return 'foreign_document';
  const hosts = [...INJECTED_HOSTS, ...moreInjected];
  if ([blockedOrigin, sourceOrigin].some((origin) => isBelow(origin, hosts))) {
    return 'injected_host';
  }
  const scheme = schemeOf(blockedOrigin);
  if (blockedKind === 'scheme' && scheme !== null && !WEB_SCHEMES.has(scheme)) {
    return 'bare_scheme';
  }
  return isOld(seen.policyVersion, oldestVersion) ? 'old_policy' : null;
}

/** Whether a report's policy is older than the oldest that is in use. */
function isOld(version: number | null, oldest: number | null): boolean {
  return version !== null && oldest !== null && version < oldest;
}

function schemeOf(origin: string | null): string | null {
  return origin === null ? null : origin.slice(0, origin.indexOf(':'));
}

function isBelow(origin: string | null, hosts: readonly string[]): boolean {
  const host = origin === null ? null : URL.parse(origin)?.hostname;
  return !!host && hosts.some((known) => host === known || host.endsWith(`.${known}`));
}
