/** How a policy is read: as the standard says, or as a browser really does. */
export type Dialect = 'csp3' | 'chromium';

type HashAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** A source expression (CSP Level 3, section 2.3.1), or what none of its grammars takes. */
export type Source =
  | { readonly kind: 'none' | 'self' | 'star' | 'invalid' }
  | { readonly kind: 'keyword'; readonly word: string }
  | { readonly kind: 'nonce'; readonly value: string }
  | { readonly kind: 'hash'; readonly algorithm: HashAlgorithm; readonly value: string }
  | { readonly kind: 'scheme'; readonly scheme: string }
  | HostSource;

export interface HostSource {
  readonly kind: 'host';
  /** Lower case; null where the page's own counts. */
  readonly scheme: string | null;
  /** Lower case: a name, `*`, or `*.` and a name. */
  readonly host: string;
  /** Null where the scheme's own counts. */
  readonly port: number | '*' | null;
  /** As written; empty where none is. */
  readonly path: string;
}

/** Words between quotes that CSP Level 3 and Trusted Types know. */
export const KEYWORDS: readonly string[] = [
  ...['unsafe-inline', 'unsafe-eval', 'unsafe-hashes', 'strict-dynamic', 'report-sample'],
  ...[
    'wasm-unsafe-eval',
    'trusted-types-eval',
    'inline-speculation-rules',
    'unsafe-webtransport-hashes',
  ],
  ...['report-sha256', 'report-sha384', 'report-sha512'],
];

const BASE64 = '[A-Za-z0-9+/_-]+={0,2}';
const NONCE = new RegExp(`^'nonce-(${BASE64})'$`, 'i');
const HASH = new RegExp(`^'(sha256|sha384|sha512)-(${BASE64})'$`, 'i');
const SCHEME = /^([a-z][a-z0-9+.-]*):$/i;
const HOST = new RegExp(
  [
    '^(?:(?<scheme>[a-z][a-z0-9+.-]*)://)?',
    '(?<host>\\*|(?:\\*\\.)?[a-z0-9-]+(?:\\.[a-z0-9-]+)*\\.?)',
    '(?::(?<port>\\*|[0-9]+))?',
    '(?<path>/[^;,]*)?$',
  ].join(''),
  'i',
);

/** Reads one source expression. What is `invalid` matches nothing, in silence. */
export function readSource(text: string, dialect: Dialect): Source {
  if (text === '*') return { kind: 'star' };
  const quoted = /^'(.*)'$/.exec(text)?.[1]?.toLowerCase();
  if (quoted === 'none') return { kind: 'none' };
  if (quoted === 'self') return { kind: 'self' };
  if (quoted !== undefined && KEYWORDS.includes(quoted)) return { kind: 'keyword', word: quoted };
  const nonce = NONCE.exec(text)?.[1];
  if (nonce !== undefined) return { kind: 'nonce', value: nonce };
  const [, algorithm, value] = HASH.exec(text) ?? [];
  if (algorithm !== undefined && value !== undefined) {
    return { kind: 'hash', algorithm: algorithm.toLowerCase() as HashAlgorithm, value };
  }
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme !== undefined) return { kind: 'scheme', scheme: scheme.toLowerCase() };
  return readHostSource(text, dialect);
}

function readHostSource(text: string, dialect: Dialect): Source {
  const { scheme, host, port, path } = HOST.exec(text)?.groups ?? {};
  if (host === undefined) return { kind: 'invalid' };
  if (dialect === 'csp3' && /[?#]/.test(path ?? '')) return { kind: 'invalid' };
  return {
    kind: 'host',
    scheme: scheme?.toLowerCase() ?? null,
    host: host.toLowerCase(),
    port: port === undefined ? null : port === '*' ? port : Number(port),
    // Chromium passes over a query that nothing could match.
    path: (path ?? '').replace(/[?#].*$/, ''),
  };
}
