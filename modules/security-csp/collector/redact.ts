import { hash32 } from './sketch.js';

/** An address as it may be kept: no query, no fragment, no user, nothing long that names somebody. */
export interface KeptUrl {
  /** `https://cdn.example:8443` */
  readonly origin: string;
  /** Without a port; `[::1]` keeps its brackets. */
  readonly host: string;
  /** Empty when it is the scheme's own. */
  readonly port: string;
  /** Origin and path, ids in it as `:id`. */
  readonly url: string;
  /** The same as a number, to count pages by. */
  readonly hash: number;
}

/** What has no address that means anything outside of the browser: `chrome-extension:`. */
export interface BareScheme {
  readonly scheme: string;
}

const MAX_READ = 2_048;
const MAX_PATH = 256;
const MAX_HOST = 253;
const REDACTED = ':id';

const WEB = /^(?:https?|wss?):\/\//i;
const SCHEME = /^([a-z][a-z0-9+.-]{1,39})(?::|$)/i;

/** Five digits in a row, a RUT with dots, a dozen hexadecimal ones, an e-mail address. */
const NAMES_SOMEBODY = /\d{5,}|\d{1,2}\.\d{3}\.\d{3}|(?=[a-f-]*\d)[\da-f-]{12,}|@|%40|%25/i;
/** A token: long, with letters and digits. */
const TOKEN = /^(?=.*\d)(?=.*[a-z])[\w~.%+=-]{20,}$/i;
const MAX_SEGMENT = 64;

const MAX_REMEMBERED = 2_048;
const MAX_REMEMBERED_LENGTH = 512;
let remembered = new Map<string, KeptUrl | BareScheme | null>();

/**
 * Reads an address as browsers report it: a URL, or a bare scheme (`data`, `chrome-extension`).
 *
 * @returns null for what is neither
 */
export function redact(text: string): KeptUrl | BareScheme | null {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const kept = read(text.slice(0, MAX_READ));
  if (text.length > MAX_REMEMBERED_LENGTH) return kept;
  // Begun anew when full: what is still reported is there again at once.
  if (remembered.size >= MAX_REMEMBERED) remembered = new Map();
  remembered.set(text, kept);
  return kept;
}

function read(text: string): KeptUrl | BareScheme | null {
  if (!WEB.test(text)) {
    const scheme = SCHEME.exec(text)?.[1];
    return scheme === undefined ? null : { scheme: scheme.toLowerCase() };
  }
  const url = URL.parse(text);
  if (!url || url.hostname === '' || url.hostname.length > MAX_HOST) return null;
  // `origin` is "null" for WebSockets; host and port are normal here already.
  const origin = `${url.protocol}//${url.host}`;
  const kept = origin + pathOf(url.pathname);
  return { origin, host: url.hostname, port: url.port, url: kept, hash: hash32(kept) };
}

function pathOf(path: string): string {
  if (path === '/') return path;
  const segments = path.split('/').map((segment) => {
    const [plain = ''] = segment.split(';');
    const isLong = plain.length > MAX_SEGMENT;
    return isLong || NAMES_SOMEBODY.test(plain) || TOKEN.test(plain) ? REDACTED : plain;
  });
  const whole = segments.join('/');
  return whole.length <= MAX_PATH ? whole : whole.slice(0, whole.lastIndexOf('/', MAX_PATH) + 1);
}
