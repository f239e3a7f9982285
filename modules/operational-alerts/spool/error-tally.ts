import { createHash } from 'node:crypto';
import type { ServerError } from '#kernel';

/** Different errors gathered at once; any others are counted together. */
const MAX_KINDS = 100;
export const OTHERS = 'others';
const MAX_STACK = 1_500;
const MAX_MESSAGE = 500;
/** Errors word for word whose kind is remembered: most of a burst repeats one. */
const MAX_REMEMBERED = 200;
/** What differs from one error of a kind to the next: quoted texts, ids, numbers. */
const VALUES = /"[^"]*"|'[^']*'|[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g;

/** Errors of one kind since they were last counted. */
export interface Gathered {
  readonly count: number;
  readonly first: ServerError;
  readonly lastAt: Date;
}

/**
 * Faults by kind: the route and what went wrong, without what differs from one request to the next.
 * Bounded: at most {@link MAX_KINDS} kinds and one for all others, so that a burst costs additions.
 */
export class ErrorTally {
  private gathered = new Map<string, Gathered>();
  private readonly keys = new Map<string, string>();

  get isEmpty(): boolean {
    return this.gathered.size === 0;
  }

  count(fault: ServerError): void {
    this.add(this.keyOf(fault), { count: 1, first: fault, lastAt: fault.at });
  }

  /** What was counted since the last time; it begins anew. */
  take(): Map<string, Gathered> {
    const { gathered } = this;
    this.gathered = new Map();
    return gathered;
  }

  /** Takes back what could not be told; the first example of a kind stays its example. */
  putBack(left: ReadonlyMap<string, Gathered>): void {
    const since = this.take();
    for (const tally of [left, since]) for (const [key, each] of tally) this.add(key, each);
  }

  private add(wanted: string, { count, first, lastAt }: Gathered): void {
    const isKnown = this.gathered.has(wanted);
    const key = isKnown || this.gathered.size < MAX_KINDS ? wanted : OTHERS;
    const known = this.gathered.get(key);
    if (known) {
      const latest = lastAt > known.lastAt ? lastAt : known.lastAt;
      this.gathered.set(key, { count: known.count + count, first: known.first, lastAt: latest });
    } else {
      this.gathered.set(key, { count, first, lastAt });
    }
  }

  /** The kind of a fault; one that is word for word as an earlier one is not taken apart again. */
  private keyOf(fault: ServerError): string {
    const error = asError(fault.error);
    const words = `${fault.method} ${fault.route}\n${error.name}\n${error.message}\n${frameOf(error)}`;
    const known = this.keys.get(words);
    if (known !== undefined) return known;
    const key = keyOf(fault, error);
    if (words.length <= MAX_STACK) {
      if (this.keys.size >= MAX_REMEMBERED) this.keys.clear();
      this.keys.set(words, key);
    }
    return key;
  }
}

/** The route, and what went wrong without what differs from one request to the next. */
function keyOf({ method, route }: ServerError, error: Error): string {
  const kind = error.message.replaceAll(VALUES, '…');
  const frame = frameOf(error).replaceAll(/:\d+:\d+/g, '');
  const hash = createHash('sha256').update(`${error.name}\n${kind}\n${frame}`).digest('hex');
  return `${method} ${route} ${hash.slice(0, 12)}`.slice(-200);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The line of the stack that tells where it happened; empty where there is none. */
function frameOf({ stack = '' }: Error): string {
  const start = stack.indexOf('\n    at ');
  if (start < 0) return '';
  const end = stack.indexOf('\n', start + 1);
  return stack.slice(start, end < 0 ? undefined : end);
}

/** Where it happened, and what without the values: they may be another company's, or a person's. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).replaceAll(VALUES, '…').slice(0, MAX_STACK);
  const frames = /\n\s+at [^]*/.exec(error.stack ?? '')?.[0] ?? '';
  const message = error.message.replaceAll(VALUES, '…').slice(0, MAX_MESSAGE);
  return `${error.name}: ${message}${frames}`.slice(0, MAX_STACK);
}
