import { isFetchDirective, leafOf, rulersOf, takesSources } from './directives.js';
import { readPolicies, valuesOf } from './policy-text.js';
import type { Policy } from './policy-text.js';
import { readSource } from './source.js';
import type { Dialect, Source } from './source.js';
import { matchesUrl } from './url-match.js';

/** What a page does, in the words of a violation report. */
export interface Attempt {
  /** The page, as an absolute URL; `data:` and `about:` pages have no origin of their own. */
  readonly pageUrl: string;
  /** The effective directive, such as `script-src-elem`. */
  readonly directive: string;
  /**
   * A URL (absolute, or relative to the page), `inline`, `eval`, `wasm-eval`, `trusted-types-sink`,
   * `trusted-types-policy`, or a bare scheme as browsers report it: `data`, `blob`.
   */
  readonly url: string;
  readonly nonce?: string;
  /** Hashes as sources without quotes, `sha256-…`: of inline text, or of an `integrity` attribute. */
  readonly hashes?: readonly string[];
  /** Whether a script stands in the markup; only 'strict-dynamic' asks. True unless said. */
  readonly parserInserted?: boolean;
  readonly redirected?: boolean;
}

export interface Verdict {
  readonly allowed: boolean;
  /** The directive of the policy that ruled; absent where none does. */
  readonly directive?: string;
  /** The source that let it through. */
  readonly source?: string;
  /** Why, in a sentence. */
  readonly reason: string;
}

const WORDS = ['inline', 'eval', 'wasm-eval', 'trusted-types-sink', 'trusted-types-policy'];

/**
 * Whether a policy lets something happen. A header with commas holds several policies, and each of
 * them must.
 *
 * @param dialect `csp3` for what CSP Level 3 says, `chromium` for what that browser does
 * @returns null when the page or the URL is none
 */
export function decide(header: string, attempt: Attempt, dialect: Dialect): Verdict | null {
  return decideBy(readRules(header), attempt, dialect);
}

/** The same for a header that is asked many times: its sources are read once. */
export function decideBy(
  header: readonly Rules[],
  attempt: Attempt,
  dialect: Dialect,
): Verdict | null {
  const page = parsed(attempt.pageUrl);
  if (page === null) return null;
  const url = WORDS.includes(attempt.url) ? null : reportedUrl(attempt.url, page);
  if (url === null && !WORDS.includes(attempt.url)) return null;
  const verdicts = header.map((rules) => decideOne(rules, attempt, page, url, dialect));
  const refusal = verdicts.find(({ allowed }) => !allowed);
  return (
    refusal ??
    verdicts[0] ?? { allowed: true, reason: 'there is no policy, and so nothing rules it' }
  );
}

/** A header as it is asked, each policy by itself. */
export function readRules(header: string): readonly Rules[] {
  return readPolicies(header).map((policy) => new Rules(policy));
}

interface ListedSource {
  readonly text: string;
  readonly source: Source;
}

/** A policy whose sources are read when they are first asked for, and not again. */
export class Rules {
  private readonly read = new Map<string, readonly ListedSource[]>();

  constructor(readonly policy: Policy) {}

  sourcesOf(directive: string, dialect: Dialect): readonly ListedSource[] {
    const key = `${dialect} ${directive}`;
    const known = this.read.get(key);
    if (known) return known;
    const texts = valuesOf(this.policy, directive) ?? [];
    const sources = texts.map((text) => ({ text, source: readSource(text, dialect) }));
    this.read.set(key, sources);
    return sources;
  }
}

function decideOne(
  rules: Rules,
  attempt: Attempt,
  page: URL,
  url: URL | null,
  dialect: Dialect,
): Verdict {
  const { policy } = rules;
  const script = url?.protocol === 'javascript:';
  const word = script ? 'inline' : url === null ? attempt.url : null;
  if (word?.startsWith('trusted-types')) return decideTrustedTypes(policy, word);
  const directive = effective(attempt.directive, word);
  if (!takesSources(directive)) {
    return { allowed: true, reason: `${directive} rules nothing that is loaded or run` };
  }
  const ruler = rulersOf(directive).find((name) => valuesOf(policy, name) !== undefined);
  if (ruler === undefined) {
    const chain = isFetchDirective(directive) ? 'nor any that it falls back to (6.8.3)' : '';
    return { allowed: true, reason: `the policy has no ${directive} ${chain}`.trim() };
  }
  const sources = rules.sourcesOf(ruler, dialect);
  const question = { ...attempt, policy, directive, ruler, sources, dialect };
  const answer =
    word === null && url !== null
      ? decideUrl(question, url, page)
      : word === 'inline'
        ? decideInline(question, script)
        : decideEval(question, word ?? '');
  return { ...answer, directive: ruler };
}

/** Eval is asked of the whole family (section 4.4.1); everything else of a leaf. */
function effective(directive: string, word: string | null): string {
  const name = directive.toLowerCase();
  return word === 'eval' || word === 'wasm-eval' ? 'script-src' : leafOf(name);
}

interface Question extends Attempt {
  readonly policy: Policy;
  /** The directive of the policy that rules. */
  readonly ruler: string;
  readonly sources: readonly ListedSource[];
  readonly dialect: Dialect;
}

/** Sections 6.7.1.1 (scripts) and 6.7.2.5 to 6.7.2.8. */
function decideUrl(question: Question, url: URL, page: URL): Verdict {
  const { directive, ruler, sources, dialect, redirected = false } = question;
  const isScript = directive === 'script-src-elem';
  if (isScript || directive === 'style-src-elem') {
    const nonced = byNonce(question);
    if (nonced) return nonced;
  }
  if (isScript || isWorkerLikeScript(question)) {
    const trusted = byIntegrity(question);
    if (trusted) return trusted;
    if (hasWord(question, 'strict-dynamic')) return decideDynamic(question, directive);
  }
  const self = page.origin === 'null' ? null : new URL(page.origin);
  const asked = { url: upgraded(url, question, page), self, redirected };
  const found = sources.find(({ source }) => matchesUrl(source, asked, dialect));
  if (found) return { allowed: true, source: found.text, reason: `${ruler} has ${found.text}` };
  return { allowed: false, reason: `no source of ${ruler} matches (6.7.2.7)` };
}

/**
 * What is fetched by https for safety is asked about so: by `upgrade-insecure-requests` (Upgrade Insecure
 * Requests, 4.1), and in Chromium a picture of a page on https (Mixed Content Level 2, 4.1).
 */
function upgraded(url: URL, { policy, directive, dialect }: Question, page: URL): URL {
  const isPicture =
    dialect === 'chromium' && directive === 'img-src' && page.protocol === 'https:' && isNamed(url);
  const upgrades = isPicture || valuesOf(policy, 'upgrade-insecure-requests') !== undefined;
  if (!upgrades || (url.protocol !== 'http:' && url.protocol !== 'ws:')) return url;
  return new URL(url.href.replace(/^(http|ws):/, '$1s:'));
}

/** By the standard only where script-src rules the worker; in Chromium, wherever it is ruled. */
function isWorkerLikeScript({ directive, ruler, dialect }: Question): boolean {
  return directive === 'worker-src' && (ruler === 'script-src' || dialect === 'chromium');
}

function decideDynamic({ parserInserted = true, ruler }: Question, directive: string): Verdict {
  const source = "'strict-dynamic'";
  return parserInserted && directive !== 'worker-src'
    ? { allowed: false, reason: `${ruler} has ${source}: in the markup, only nonce or hash count` }
    : { allowed: true, source, reason: `${ruler} has ${source}: loaded by a script that may run` };
}

function byNonce({ nonce = '', sources, ruler }: Question): Verdict | undefined {
  const found = sources.find(
    ({ source }) => source.kind === 'nonce' && nonce !== '' && source.value === nonce,
  );
  return found && { allowed: true, source: found.text, reason: `${ruler} has its nonce (6.7.2.3)` };
}

function byIntegrity({ hashes = [], sources, ruler }: Question): Verdict | undefined {
  if (hashes.length === 0) return undefined;
  const found = hashes.map((hash) => sources.find(({ source }) => isHash(source, hash)));
  if (!found.every((each) => each !== undefined)) return undefined;
  const [first] = found;
  return {
    allowed: true,
    source: first?.text ?? '',
    reason: `${ruler} has its integrity (6.7.1.1)`,
  };
}

/** Sections 6.7.3.2 and 6.7.3.3. */
function decideInline(question: Question, isNavigation: boolean): Verdict {
  const { directive, ruler, sources, hashes = [] } = question;
  // Chromium looks at the directive that rules and not at what it rules.
  const isScript =
    directive.startsWith('script-src') ||
    (question.dialect === 'chromium' && ruler === 'default-src');
  const isAttribute = directive.endsWith('-attr') || isNavigation;
  const overrides = sources.find(
    ({ source }) =>
      source.kind === 'nonce' ||
      source.kind === 'hash' ||
      (isScript && source.kind === 'keyword' && source.word === 'strict-dynamic'),
  );
  const all = sources.find(
    ({ source }) => source.kind === 'keyword' && source.word === 'unsafe-inline',
  );
  if (all && !overrides) {
    return { allowed: true, source: all.text, reason: `${ruler} has ${all.text} (6.7.3.2)` };
  }
  const nonced = isAttribute ? undefined : byNonce(question);
  if (nonced) return nonced;
  if (!isAttribute || hasWord(question, 'unsafe-hashes')) {
    const found = sources.find(({ source }) => hashes.some((hash) => isHash(source, hash)));
    if (found) {
      return { allowed: true, source: found.text, reason: `${ruler} has its hash (6.7.3.3)` };
    }
  }
  const why = all && overrides ? `${overrides.text} switches ${all.text} off` : 'nothing allows it';
  return { allowed: false, reason: `${ruler}: ${why} (6.7.3.2)` };
}

/** Section 4.4: compiling strings, and WebAssembly. */
function decideEval(question: Question, word: string): Verdict {
  const words = word === 'wasm-eval' ? ['wasm-unsafe-eval', 'unsafe-eval'] : ['unsafe-eval'];
  const found = question.sources.find(
    ({ source }) => source.kind === 'keyword' && words.includes(source.word),
  );
  const { ruler } = question;
  if (found) return { allowed: true, source: found.text, reason: `${ruler} has ${found.text}` };
  return { allowed: false, reason: `${ruler} has none of ${words.join(', ')} (4.4)` };
}

/** Trusted Types, sections 4.3 and 4.4 of its own specification. */
function decideTrustedTypes(policy: Policy, word: string): Verdict {
  const directive = word === 'trusted-types-sink' ? 'require-trusted-types-for' : 'trusted-types';
  const values = valuesOf(policy, directive);
  if (values === undefined) return { allowed: true, reason: `the policy has no ${directive}` };
  if (directive === 'trusted-types' && values.includes('*')) {
    return { allowed: true, directive, source: '*', reason: `${directive} has *` };
  }
  return { allowed: false, directive, reason: `${directive} stands, and a report names no more` };
}

function isNamed({ hostname }: URL): boolean {
  return !/^(\d{1,3}(\.\d{1,3}){3}|\[.*)$/.test(hostname);
}

function hasWord({ sources }: Question, word: string): boolean {
  return sources.some(({ source }) => source.kind === 'keyword' && source.word === word);
}

/** base64url is the same as base64 (section 6.7.3.3, step 5). */
function isHash(source: Source, hash: string): boolean {
  if (source.kind !== 'hash') return false;
  return `${source.algorithm}-${plain(source.value)}` === plain(hash.replaceAll("'", ''));
}

function plain(base64: string): string {
  const [head = '', ...rest] = base64.split('-');
  return /^sha\d{3}$/i.test(head)
    ? `${head.toLowerCase()}-${rest.join('+').replaceAll('_', '/')}`
    : base64.replaceAll('-', '+').replaceAll('_', '/');
}

/** A URL as reports write it: `data`, `blob` and other bare schemes stand for any URL of theirs. */
function reportedUrl(text: string, page: URL): URL | null {
  if (text === 'self' || text === '') return page;
  if (/^[a-z][a-z0-9+.-]*$/i.test(text) && SCHEMES.includes(text.toLowerCase())) {
    return parsed(`${text}:`);
  }
  return parsed(text, page.origin === 'null' ? undefined : page.href);
}

const SCHEMES = [
  'about',
  'blob',
  'data',
  'filesystem',
  'mediastream',
  'chrome-extension',
  'moz-extension',
  'safari-web-extension',
  'ms-browser-extension',
];

function parsed(text: string, base?: string): URL | null {
  return URL.canParse(text, base) ? new URL(text, base) : null;
}
