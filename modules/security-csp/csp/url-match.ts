import type { Dialect, HostSource, Source } from './source.js';

/** A URL against the sources of one directive. */
export interface UrlQuestion {
  readonly url: URL;
  /** The page's own origin as a URL; null where it is opaque, as of a `data:` page. */
  readonly self: URL | null;
  /** After a redirect, paths no longer count, so that they cannot be spied upon. */
  readonly redirected: boolean;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'ws:': 80,
  'wss:': 443,
  'ftp:': 21,
};

/** Whether a source takes a URL; each step with its section of CSP Level 3. */
export function matchesUrl(source: Source, question: UrlQuestion, dialect: Dialect): boolean {
  const asked = dialect === 'csp3' ? asFetched(question) : question;
  switch (source.kind) {
    case 'star':
      return matchesStar(asked, dialect);
    case 'self':
      return isSelf(asked, dialect);
    case 'scheme':
      return schemeMatches(source.scheme, schemeOf(asked.url), dialect);
    case 'host':
      return matchesHost(source, asked, dialect);
    default:
      return false;
  }
}

/** A WebSocket is asked about under http(s) (Fetch, "establish a WebSocket connection", step 1). */
function asFetched(question: UrlQuestion): UrlQuestion {
  const { protocol, href } = question.url;
  if (protocol !== 'ws:' && protocol !== 'wss:') return question;
  return { ...question, url: new URL(href.replace(/^ws/, 'http')) };
}

/** Section 6.7.2.8, step 1. */
function matchesStar({ url, self }: UrlQuestion, dialect: Dialect): boolean {
  if (/^https?:$/.test(url.protocol) || url.protocol === self?.protocol) return true;
  return dialect === 'chromium' && /^wss?:$/.test(url.protocol);
}

/** Section 6.7.2.8, step 4. */
function isSelf({ url, self }: UrlQuestion, dialect: Dialect): boolean {
  if (self === null) return false;
  // The origin of a blob: URL is the page's, but browsers want `blob:` said.
  if (dialect === 'chromium' && url.protocol === 'blob:') return false;
  if (url.origin !== 'null' && url.origin === self.origin) return true;
  if (self.hostname !== url.hostname) return false;
  const samePorts = self.port === url.port;
  if (!samePorts && !(isOnDefaultPort(self) && isOnDefaultPort(url))) return false;
  if (url.protocol === 'https:' || url.protocol === 'wss:') return true;
  return self.protocol === 'http:' && (url.protocol === 'http:' || url.protocol === 'ws:');
}

/** Section 6.7.2.8, steps 2 and 3. */
function matchesHost(source: HostSource, question: UrlQuestion, dialect: Dialect): boolean {
  const { url, self, redirected } = question;
  const scheme = source.scheme ?? (self === null ? null : schemeOf(self));
  if (scheme === null || url.hostname === '') return false;
  if (!schemeMatches(scheme, schemeOf(url), dialect)) return false;
  if (!hostMatches(source.host, url.hostname, dialect)) return false;
  if (dialect === 'csp3') {
    if (!portMatches(source.port, url)) return false;
    return redirected || pathMatches(source.path, url.pathname);
  }
  if (!portMatchesInChromium(scheme, source.port, url)) return false;
  return redirected || pathMatchesInChromium(source.path, url.pathname);
}

/** Section 6.7.2.9: a source takes a safer scheme than it names. */
function schemeMatches(named: string, scheme: string, dialect: Dialect): boolean {
  if (named === scheme) return true;
  if (named === 'http') return scheme === 'https';
  if (dialect === 'chromium') return named === 'ws' && scheme === 'wss';
  if (named === 'ws') return ['wss', 'http', 'https'].includes(scheme);
  return named === 'wss' && scheme === 'https';
}

/** Section 6.7.2.10. */
function hostMatches(pattern: string, host: string, dialect: Dialect): boolean {
  if (pattern.startsWith('*')) return host.endsWith(pattern.slice(1));
  if (pattern !== host) return false;
  const isAddress = /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.startsWith('[');
  return dialect === 'chromium' || !isAddress || host === '127.0.0.1';
}

/** Section 6.7.2.11. */
function portMatches(port: number | '*' | null, url: URL): boolean {
  if (port === '*') return true;
  return port === null ? isOnDefaultPort(url) : port === portOf(url);
}

/** Where the scheme is upgraded, Chromium wants to end on 443, whatever the source says beside 80. */
function portMatchesInChromium(scheme: string, port: number | '*' | null, url: URL): boolean {
  const upgrades = scheme !== schemeOf(url);
  if (port === '*') return true;
  if (port === null) return isOnDefaultPort(url);
  if (port === portOf(url)) return !upgrades || (port === 443 && scheme === 'http');
  return upgrades && port === 80 && portOf(url) === 443;
}

/** Section 6.7.2.12: piece by piece, each percent-decoded. */
function pathMatches(pattern: string, path: string): boolean {
  if (pattern === '' || (pattern === '/' && path === '')) return true;
  const wanted = pattern.split('/');
  const pieces = path.split('/');
  const isFolder = pattern.endsWith('/');
  if (wanted.length > pieces.length || (!isFolder && wanted.length !== pieces.length)) return false;
  if (isFolder) wanted.pop();
  return wanted.every((piece, index) => decoded(piece) === decoded(pieces[index] ?? ''));
}

/** Chromium decodes the whole, so that `%2F` is a slash like any other. */
function pathMatchesInChromium(pattern: string, path: string): boolean {
  const wanted = decoded(pattern);
  if (wanted === '' || (wanted === '/' && path === '')) return true;
  return wanted.endsWith('/') ? decoded(path).startsWith(wanted) : decoded(path) === wanted;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isOnDefaultPort(url: URL): boolean {
  return portOf(url) === DEFAULT_PORTS[url.protocol];
}

function portOf({ port, protocol }: URL): number | undefined {
  return port === '' ? DEFAULT_PORTS[protocol] : Number(port);
}

function schemeOf({ protocol }: URL): string {
  return protocol.slice(0, -1);
}
