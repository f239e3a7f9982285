import { isIP } from 'node:net';

/** One environment variable: how its text is read, and what a person must know about it. */
export interface Variable<T> {
  readonly summary: string;
  /** Secrets also come from a file named by `<NAME>_FILE`, and are never printed. */
  readonly secret: boolean;
  readonly fallback: T;
  /** Reads the text. @throws Error with a sentence that names no value of a secret */
  parse(raw: string): T;
}

/** The variables that one addon reads, by their environment name. */
export type ConfigShape = Readonly<Record<string, Variable<unknown>>>;

export type ConfigValues<S extends ConfigShape> = {
  readonly [K in keyof S]: S[K] extends Variable<infer T> ? T : never;
};

/** A whole number within bounds, undefined without a fallback; the unit belongs at the end of the name. */
export function integer<F extends number | undefined = undefined>(of: {
  summary: string;
  fallback?: F;
  min: number;
  max: number;
}): Variable<number | F> {
  return {
    summary: of.summary,
    secret: false,
    fallback: of.fallback as F,
    parse(raw) {
      const value = Number(raw);
      if (!/^-?\d+$/.test(raw.trim()) || value < of.min || value > of.max) {
        throw new Error(`must be a whole number from ${of.min} to ${of.max}, not "${raw}"`);
      }
      return value;
    },
  };
}

/** A text, or undefined when unset. */
export function text(of: { summary: string; secret?: boolean }): Variable<string | undefined> {
  return {
    summary: of.summary,
    secret: of.secret ?? false,
    fallback: undefined,
    parse: (raw) => raw,
  };
}

/** What tells one release from another: short and plain, since logs, metrics and PostgreSQL show it. */
export function releaseName(of: { summary: string; fallback: string }): Variable<string> {
  return {
    ...of,
    secret: false,
    parse(raw) {
      if (/^[\w.+-]{1,40}$/.test(raw)) return raw;
      throw new Error('must be up to 40 letters, digits and any of . _ + -');
    },
  };
}

/** One of a closed list of words, or undefined without a fallback. */
export function choice<const T extends string, const F extends T | undefined = undefined>(of: {
  summary: string;
  options: readonly T[];
  fallback?: F;
}): Variable<T | F> {
  return {
    summary: `${of.summary} (${of.options.join(', ')})`,
    secret: false,
    fallback: of.fallback as F,
    parse(raw) {
      const found = of.options.find((option) => option === raw);
      if (!found) throw new Error(`must be one of ${of.options.join(', ')}, not "${raw}"`);
      return found;
    },
  };
}

/** Words between commas; empty ones are dropped. */
export function list(of: {
  summary: string;
  fallback?: readonly string[];
}): Variable<readonly string[]> {
  return {
    summary: of.summary,
    secret: false,
    fallback: of.fallback ?? [],
    parse: (raw) =>
      raw
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
  };
}

/** So many in a minute, written `N/min`. */
export class Rate {
  constructor(readonly perMinute: number) {}

  toJSON(): string {
    return `${this.perMinute}/min`;
  }
}

/** A rate from 1/min to 1000000/min. */
export function rate(of: { summary: string; fallback: number }): Variable<Rate> {
  return {
    summary: of.summary,
    secret: false,
    fallback: new Rate(of.fallback),
    parse(raw) {
      const perMinute = Number(/^([1-9]\d{0,6})\/min$/.exec(raw.trim())?.[1]);
      if (!(perMinute <= 1_000_000)) {
        throw new Error(`must be a rate from 1/min to 1000000/min, not "${raw}"`);
      }
      return new Rate(perMinute);
    },
  };
}

/** A URL of one of some protocols (`redis:`); a secret, since it may hold a password. */
export function url(of: {
  summary: string;
  protocols: readonly string[];
}): Variable<string | undefined> {
  return {
    summary: of.summary,
    secret: true,
    fallback: undefined,
    parse(raw) {
      const protocol = URL.canParse(raw) ? new URL(raw).protocol : '';
      if (of.protocols.includes(protocol)) return raw;
      throw new Error(`must be a URL that begins with ${of.protocols.join('// or ')}//`);
    },
  };
}

/** Names of networks that every host knows. */
const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];

/** Addresses and networks (`10.0.0.0/8`) between commas; none of them the whole internet. */
export function networks(of: { summary: string }): Variable<readonly string[]> {
  const words = list(of);
  return {
    ...words,
    parse(raw) {
      const found = words.parse(raw);
      const wrong = found.find((word) => !NAMED_NETWORKS.includes(word) && !isNetwork(word));
      if (wrong === undefined) return found;
      throw new Error(
        `holds "${wrong}", which is neither an address, a network (10.0.0.0/8) nor one of ${NAMED_NETWORKS.join(', ')}`,
      );
    },
  };
}

/** A prefix of no bits would believe everybody, which is the same as checking nothing. */
function isNetwork(word: string): boolean {
  const [address = '', prefix, ...rest] = word.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  const bits = Number(prefix);
  return /^\d{1,3}$/.test(prefix) && bits >= 1 && bits <= (version === 4 ? 32 : 128);
}

/** A share from 0 to 1. */
export function share(of: { summary: string; fallback: number }): Variable<number> {
  return {
    summary: of.summary,
    secret: false,
    fallback: of.fallback,
    parse(raw) {
      const value = Number(raw);
      if (raw.trim() === '' || !(value >= 0 && value <= 1)) {
        throw new Error(`must be a number from 0 to 1, not "${raw}"`);
      }
      return value;
    },
  };
}

/** `name=value,name=value`, the values percent-encoded (OpenTelemetry's and W3C Baggage's lists). */
export function pairs(of: {
  summary: string;
  secret?: boolean;
}): Variable<Readonly<Record<string, string>>> {
  return {
    summary: of.summary,
    secret: of.secret ?? false,
    fallback: {},
    parse(raw) {
      const list = raw.split(',').filter((pair) => pair.trim() !== '');
      return Object.fromEntries(list.map(readPair));
    },
  };
}

function readPair(pair: string): [string, string] {
  const [, name = '', value = ''] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(pair) ?? [];
  try {
    if (name) return [name, decodeURIComponent(value.trim())];
  } catch {
    // Said below, without the value: it may be a secret.
  }
  throw new Error('must be name=value pairs between commas, the values percent-encoded');
}

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[::1]:port`, or a port alone, which is one of 127.0.0.1. */
export function listenAddress(of: { summary: string }): Variable<ListenAddress | undefined> {
  return {
    summary: of.summary,
    secret: false,
    fallback: undefined,
    parse(raw) {
      const match = /^(?:(?:\[([\da-f:.]+)\]|([^\s:[\]]+)):)?(\d{1,5})$/i.exec(raw.trim());
      const port = Number(match?.[3]);
      if (!match || port > 65_535) {
        throw new Error(`must be a port or host:port, as 127.0.0.1:9464, not "${raw}"`);
      }
      return { host: match[1] ?? match[2] ?? '127.0.0.1', port };
    },
  };
}
