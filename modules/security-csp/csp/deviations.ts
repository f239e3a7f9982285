import type { Attempt } from './match.js';

/** Where Chromium does something else than CSP Level 3 says, and a case that shows it. */
export interface Deviation {
  readonly id: string;
  /** Of CSP Level 3, unless another is named. */
  readonly section: string;
  readonly standard: string;
  readonly chromium: string;
  readonly policy: string;
  readonly attempt: Attempt;
  /** What Chromium does in the case; the standard says the opposite. */
  readonly allowed: boolean;
}

const pageUrl = 'https://page.test/';

/** Seen in Chromium 156; `test/ops/csp-matcher.test.ts` shows each to the browser at hand. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    id: 'address-as-host',
    section: '6.7.2.10',
    standard: 'no IPv4 address matches but 127.0.0.1',
    chromium: 'any IPv4 address matches itself; an IPv6 address is no source at all',
    policy: 'img-src 10.0.0.5',
    attempt: { pageUrl, directive: 'img-src', url: 'https://10.0.0.5/x' },
    allowed: true,
  },
  {
    id: 'port-80-for-443',
    section: '6.7.2.11',
    standard: 'port 80 does not match 443',
    chromium: 'where the scheme is upgraded, 80 stands for 443',
    policy: 'img-src http://a.test:80',
    attempt: { pageUrl, directive: 'img-src', url: 'https://a.test/x' },
    allowed: true,
  },
  {
    id: 'other-port-not-upgraded',
    section: '6.7.2.9, 6.7.2.11',
    standard: 'a source of http takes https on the same port',
    chromium: 'only on port 443, or with a wildcard as port',
    policy: 'img-src http://a.test:8080',
    attempt: { pageUrl, directive: 'img-src', url: 'https://a.test:8080/x' },
    allowed: false,
  },
  {
    id: 'websocket-by-https',
    section: '6.7.2.9; Fetch, WebSocket connection',
    standard: 'a WebSocket is fetched by http(s), so that a source of https takes wss',
    chromium: 'only sources of ws and wss, schemes ws: and wss:, * and ’self’ take it',
    policy: 'connect-src https://a.test',
    attempt: { pageUrl, directive: 'connect-src', url: 'wss://a.test/' },
    allowed: false,
  },
  {
    id: 'https-by-websocket',
    section: '6.7.2.9',
    standard: 'a source of wss takes https, one of ws also http',
    chromium: 'it takes WebSockets only',
    policy: 'connect-src wss://a.test',
    attempt: { pageUrl, directive: 'connect-src', url: 'https://a.test/' },
    allowed: false,
  },
  {
    id: 'query-in-source',
    section: '2.3.1',
    standard: 'a source with ? or # fits no grammar and matches nothing',
    chromium: 'the path counts and the rest is passed over',
    policy: 'img-src a.test/p?x=1',
    attempt: { pageUrl, directive: 'img-src', url: 'https://a.test/p' },
    allowed: true,
  },
  {
    id: 'encoded-slash',
    section: '6.7.2.12',
    standard: 'paths are split on / and then decoded',
    chromium: 'paths are decoded as a whole, so that %2F is a slash',
    policy: 'img-src a.test/a/b',
    attempt: { pageUrl, directive: 'img-src', url: 'https://a.test/a%2Fb' },
    allowed: true,
  },
  {
    id: 'blob-is-not-self',
    section: '6.7.2.8',
    standard: 'the origin of a blob: URL is the page’s, and so it is ’self’',
    chromium: 'blob: must be said',
    policy: "img-src 'self'",
    attempt: { pageUrl, directive: 'img-src', url: 'blob:https://page.test/1' },
    allowed: false,
  },
  {
    id: 'picture-upgraded',
    section: 'Mixed Content Level 2, 4.1',
    standard: 'an http picture is asked about as http',
    chromium: 'on a page of https, an http picture of a named host is upgraded first',
    policy: 'img-src https:',
    attempt: { pageUrl, directive: 'img-src', url: 'http://a.test/x' },
    allowed: true,
  },
  {
    id: 'worker-strict-dynamic',
    section: '6.7.1.1',
    standard: '’strict-dynamic’ counts for a worker where script-src rules it',
    chromium: 'wherever it is ruled, default-src and worker-src too',
    policy: "default-src 'strict-dynamic' 'nonce-x'",
    attempt: { pageUrl, directive: 'worker-src', url: '/w.js' },
    allowed: true,
  },
  {
    id: 'style-strict-dynamic',
    section: '6.7.3.2',
    standard: '’strict-dynamic’ does not touch styles',
    chromium: 'in default-src it switches ’unsafe-inline’ off for styles too',
    policy: "default-src 'unsafe-inline' 'strict-dynamic'",
    attempt: { pageUrl, directive: 'style-src-elem', url: 'inline' },
    allowed: false,
  },
];
