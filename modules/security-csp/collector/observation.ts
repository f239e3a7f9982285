import { hash } from 'node:crypto';
import { BLOCKED_KINDS } from '../group/group.entity.js';
import type { BlockedKind } from '../group/group.entity.js';
import { redact } from './redact.js';
import type { Violation } from './violation.js';

/** A violation as it is grouped and may be kept. */
export interface Observation {
  readonly directive: string;
  readonly policyHash: string;
  readonly policy: string;
  readonly blockedKind: BlockedKind;
  readonly blockedOrigin: string | null;
  readonly blockedUrl: string | null;
  readonly sourceOrigin: string | null;
  readonly document: Place;
}

/** Where it happened. */
export interface Place {
  readonly origin: string | null;
  readonly host: string;
  readonly port: string;
  /** Of a document that has no address on the web: `about`, `moz-extension`. */
  readonly scheme: string | null;
  readonly url: string;
  readonly hash: number;
}

/** Directives that can be violated; CSP3 §6.1–6.4, Trusted Types, and those of earlier levels. */
const DIRECTIVES = new Set([
  ...['base-uri', 'child-src', 'connect-src', 'default-src', 'fenced-frame-src', 'font-src'],
  ...['form-action', 'frame-ancestors', 'frame-src', 'img-src', 'manifest-src', 'media-src'],
  ...['navigate-to', 'object-src', 'plugin-types', 'prefetch-src', 'require-trusted-types-for'],
  ...['sandbox', 'script-src', 'script-src-attr', 'script-src-elem', 'style-src'],
  ...['style-src-attr', 'style-src-elem', 'trusted-types', 'upgrade-insecure-requests'],
  ...['webrtc', 'worker-src'],
]);

const WORDS: ReadonlySet<string> = new Set(
  BLOCKED_KINDS.filter((kind) => !['url', 'scheme', 'unknown'].includes(kind)),
);

const NONCE = /'nonce-[^']{1,512}'/gi;
const MAX_REMEMBERED = 256;
let policies = new Map<string, { readonly text: string; readonly hash: string }>();

/** What is kept of a violation. */
export function observe(violation: Violation): Observation {
  const { text, hash: policyHash } = policyOf(violation.policy);
  const source = redact(violation.source);
  return {
    directive: directiveOf(violation.directive),
    ...{ policyHash, policy: text },
    ...blockedOf(violation.blocked),
    sourceOrigin: source && ('origin' in source ? source.origin : `${source.scheme}:`),
    document: placeOf(violation.document),
  };
}

/** A leaf; earlier browsers put the whole directive with its sources here. */
function directiveOf(text: string): string {
  const [name = ''] = text.split(' ', 1);
  const known = name.toLowerCase();
  return DIRECTIVES.has(known) ? known : 'other';
}

function blockedOf(
  text: string,
): Pick<Observation, 'blockedKind' | 'blockedOrigin' | 'blockedUrl'> {
  const nothing = { blockedOrigin: null, blockedUrl: null };
  // Earlier browsers said nothing where the page itself was meant.
  if (text === '') return { blockedKind: 'self', ...nothing };
  if (WORDS.has(text)) return { blockedKind: text as BlockedKind, ...nothing };
  const blocked = redact(text);
  if (!blocked) return { blockedKind: 'unknown', ...nothing };
  if ('origin' in blocked) {
    return { blockedKind: 'url', blockedOrigin: blocked.origin, blockedUrl: blocked.url };
  }
  const { scheme } = blocked;
  if (WORDS.has(scheme)) return { blockedKind: scheme as BlockedKind, ...nothing };
  return { blockedKind: 'scheme', blockedOrigin: `${scheme}:`, blockedUrl: null };
}

function placeOf(text: string): Place {
  const document = redact(text);
  if (document && 'origin' in document) return { ...document, scheme: null };
  const scheme = document?.scheme ?? 'unknown';
  return { origin: null, host: '', port: '', scheme, url: `${scheme}:`, hash: 0 };
}

/** One nonce a response would be one policy a response; spaces mean nothing. */
function policyOf(reported: string): { readonly text: string; readonly hash: string } {
  const known = policies.get(reported);
  if (known) return known;
  const text = reported
    .replaceAll(NONCE, "'nonce-masked'")
    .split(';')
    .map((directive) => directive.trim().replaceAll(/\s+/g, ' '))
    .filter((directive) => directive !== '')
    .join('; ');
  const policy = { text, hash: hash('sha256', text, 'base64url') };
  if (policies.size >= MAX_REMEMBERED) policies = new Map();
  policies.set(reported, policy);
  return policy;
}
