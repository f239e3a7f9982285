/** Which directives rule in place of one that the policy lacks (CSP Level 3, section 6.8.3). */
const FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  'script-src-elem': ['script-src', 'default-src'],
  'script-src-attr': ['script-src', 'default-src'],
  'script-src': ['default-src'],
  'style-src-elem': ['style-src', 'default-src'],
  'style-src-attr': ['style-src', 'default-src'],
  'style-src': ['default-src'],
  'worker-src': ['child-src', 'script-src', 'default-src'],
  'frame-src': ['child-src', 'default-src'],
  'child-src': ['default-src'],
  'connect-src': ['default-src'],
  'font-src': ['default-src'],
  'img-src': ['default-src'],
  'manifest-src': ['default-src'],
  'media-src': ['default-src'],
  'object-src': ['default-src'],
  'default-src': [],
};

/** Directives whose values are sources, without a fallback (sections 6.3 and 6.4). */
const SOURCE_LISTS: readonly string[] = ['base-uri', 'form-action', 'frame-ancestors'];

/** Directives that say something else than where from. */
const OTHERS: readonly string[] = [
  ...['report-to', 'report-uri', 'require-trusted-types-for', 'sandbox', 'trusted-types'],
  ...['upgrade-insecure-requests', 'webrtc'],
];

/** Every directive that a browser of today acts on. */
export const KNOWN_DIRECTIVES: readonly string[] = [
  ...Object.keys(FALLBACKS),
  ...SOURCE_LISTS,
  ...OTHERS,
];

/** Directives that no browser acts on any more, and what came instead. */
export const DEAD_DIRECTIVES: Readonly<Record<string, string>> = {
  'block-all-mixed-content': 'browsers block mixed content by themselves',
  'navigate-to': 'it never shipped',
  'plugin-types': "object-src 'none'",
  'prefetch-src': 'default-src',
  referrer: 'the header Referrer-Policy',
  'reflected-xss': 'nothing',
  'require-sri-for': 'the header Integrity-Policy',
};

/** Whether a directive's values are sources. */
export function takesSources(directive: string): boolean {
  return directive in FALLBACKS || SOURCE_LISTS.includes(directive);
}

/** Whether a directive rules what is fetched, so that others may stand in for it. */
export function isFetchDirective(directive: string): boolean {
  return directive in FALLBACKS;
}

/** The directives that may rule for this one, from the first to ask to the last. */
export function rulersOf(directive: string): readonly string[] {
  return [directive, ...(FALLBACKS[directive] ?? [])];
}

/**
 * The directive that a browser asks, where a client or an old browser names the family: an
 * element's, as every script and style sheet has been since CSP Level 3 (section 6.8.1).
 */
export function leafOf(directive: string): string {
  if (directive === 'script-src' || directive === 'style-src') return `${directive}-elem`;
  return directive;
}
