/** What a browser reported, as text of the report itself: nothing is redacted yet. */
export interface Violation {
  readonly document: string;
  readonly blocked: string;
  readonly directive: string;
  readonly policy: string;
  /** Null where the browser does not say: WebKit, for `report-uri`. */
  readonly disposition: 'enforce' | 'report' | null;
  readonly source: string;
  readonly sample: string;
  readonly referrer: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly status: number | null;
  /** The browser's own word, in reports that are sent later than they happened. */
  readonly userAgent: string;
}

/** A script that ran, as `'report-sha256'` has it told. */
export interface ScriptHash {
  readonly document: string;
  readonly url: string;
  readonly hash: string;
  readonly destination: string;
}

/** What one body holds. */
export interface Reading {
  readonly violations: readonly Violation[];
  readonly hashes: readonly ScriptHash[];
  /** Members that are no report of a policy: other types, no objects, beyond the limit. */
  readonly ignored: number;
}

type Members = Readonly<Record<string, unknown>>;

/** Reports of one body that are read: Chromium sends at most 100 at once. */
const MAX_REPORTS = 200;

const HASH = /^sha(?:256|384|512)-[A-Za-z0-9+/_-]{40,90}={0,2}$/;
const MAX_TEXT = 2_048;
const MAX_POLICY = 16_384;

/**
 * Reads any of the shapes that browsers send, by what the body holds and not by its content type:
 * `{"csp-report": …}` (all, for `report-uri`), the same with `type` and `url` (WebKit), a list of
 * `{type, url, body}` (Chromium and Firefox, for `report-to`), and one such object (WebKit).
 *
 * @returns null when the body is no JSON object or list
 */
export function readBody(body: string): Reading | null {
  let root: unknown;
  try {
    root = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof root !== 'object' || root === null) return null;
  const violations: Violation[] = [];
  const hashes: ScriptHash[] = [];
  const members: readonly unknown[] = Array.isArray(root) ? root : [root];
  const read = members.slice(0, MAX_REPORTS);
  for (const member of read) {
    const found = isMembers(member) ? readReport(member) : null;
    if (!found) continue;
    if ('hash' in found) hashes.push(found);
    else violations.push(found);
  }
  const ignored = members.length - violations.length - hashes.length;
  return { violations, hashes, ignored };
}

function readReport(report: Members): Violation | ScriptHash | null {
  const legacy = report['csp-report'];
  if (isMembers(legacy)) return readViolation(legacy, report);
  const { type, body } = report;
  if (isMembers(body)) {
    if (type === 'csp-hash') return readHash(body, report);
    return type === 'csp-violation' || type === undefined ? readViolation(body, report) : null;
  }
  return type === undefined ? readViolation(report, report) : null;
}

function readViolation(body: Members, report: Members): Violation | null {
  const either = (kebab: string, camel: string): unknown => body[kebab] ?? body[camel];
  const directive = text(
    either('effective-directive', 'effectiveDirective') ??
      either('violated-directive', 'violatedDirective'),
  );
  const document = text(
    either('document-uri', 'documentURL') ?? body['documentURI'] ?? report['url'],
  );
  if (directive === '' || document === '') return null;
  return {
    ...{ document, directive },
    blocked: text(either('blocked-uri', 'blockedURL') ?? body['blockedURI']),
    policy: text(either('original-policy', 'originalPolicy'), MAX_POLICY),
    disposition: dispositionOf(body['disposition']),
    source: text(either('source-file', 'sourceFile')),
    sample: text(either('script-sample', 'sample')),
    referrer: text(body['referrer']),
    line: number(either('line-number', 'lineNumber')),
    column: number(either('column-number', 'columnNumber')),
    status: number(either('status-code', 'statusCode')),
    userAgent: text(report['user_agent']),
  };
}

function dispositionOf(value: unknown): Violation['disposition'] {
  return value === 'enforce' || value === 'report' ? value : null;
}

function readHash(body: Members, report: Members): ScriptHash | null {
  const hash = text(body['hash']);
  // A script of another origin is told without a hash unless CORS shows it.
  if (!HASH.test(hash)) return null;
  return {
    hash,
    document: text(body['documentURL'] ?? report['url']),
    url: text(body['subresourceURL']),
    destination: text(body['destination']),
  };
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// oxlint-disable-next-line no-control-regex
const UNWANTED = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]/;

/** A text of a report, cut; control characters and lone surrogates cannot be stored, nor be meant. */
function text(value: unknown, max = MAX_TEXT): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value === '') return '';
  // A cut text would keep all of the body in memory that it was cut from.
  const short = value.length > max ? Buffer.from(value.slice(0, max)).toString() : value;
  if (!UNWANTED.test(short) && short.isWellFormed()) return short.trim();
  return short.toWellFormed().replaceAll(new RegExp(UNWANTED, 'g'), ' ').trim();
}

/** A number, or the text of one. */
function number(value: unknown): number | null {
  const read = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof read === 'number' && Number.isInteger(read) && read >= 0 && read < 1e9
    ? read
    : null;
}
