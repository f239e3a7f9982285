import { createHash } from 'node:crypto';
import type { ServerError } from '#kernel';

/** Different errors gathered at once; any others are counted together. */
const MAX_KINDS = 100;
export const OTHERS = 'others';
const MAX_STACK = 1_500;
const MAX_MESSAGE = 500;
/** Routes whose latest error is remembered: most of a burst repeats one word for word. */
const MAX_REMEMBERED = 200;
/** What differs from one error of a kind to the next: quoted texts, ids, numbers. */
const VALUES = /"[^"]*"|'[^']*'|[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g;

/** Errors of one kind since they were last counted. */
export interface Gathered {
  readonly count: number;
  readonly first: ServerError;
  readonly lastAt: Date;
}

/** The latest error of a route, and its kind. */
interface Latest {
  readonly method: string;
  readonly name: string;
  readonly message: string;
  readonly frame: string;
  readonly key: string;
}

/**
 * Faults by kind: the route and what went wrong, without what differs from one request to the next.
 * Bounded: at most {@link MAX_KINDS} kinds and one for all others, so that a burst costs additions.
 */
export class ErrorTally {
  private gathered = new Map<string, { count: number; first: ServerError; lastAt: Date }>();
  private readonly latest = new Map<string, Latest>();

  get isEmpty(): boolean {
    return this.gathered.size === 0;
  }

  count(fault: ServerError): void {
    this.add(this.keyOf(fault), 1, fault, fault.at);
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
    for (const tally of [left, since]) {
      for (const [key, { count, first, lastAt }] of tally) this.add(key, count, first, lastAt);
    }
  }

  private add(wanted: string, count: number, first: ServerError, lastAt: Date): void {
    const known = this.gathered.get(wanted) ?? this.beyond();
    if (!known) {
      const key = this.gathered.size < MAX_KINDS ? wanted : OTHERS;
      this.gathered.set(key, { count, first, lastAt });
      return;
    }
    known.count += count;
    if (lastAt > known.lastAt) known.lastAt = lastAt;
  }

  /** Where a kind that is not known yet is counted when there are as many as there may be. */
  private beyond(): { count: number; lastAt: Date } | undefined {
    return this.gathered.size < MAX_KINDS ? undefined : this.gathered.get(OTHERS);
  }

  /** The kind of a fault; one that is word for word as its route's latest is not taken apart again. */
  private keyOf(fault: ServerError): string {
    const error = asError(fault.error);
    const { method, route } = fault;
    const { name, message } = error;
    const frame = frameOf(error);
    const latest = this.latest.get(route);
    const isAgain =
      latest?.frame === frame &&
      latest.message === message &&
      latest.name === name &&
      latest.method === method;
    if (isAgain) return latest.key;
    const key = keyOf(fault, error);
    if (message.length + frame.length <= MAX_STACK) {
      if (this.latest.size >= MAX_REMEMBERED) this.latest.clear();
      this.latest.set(route, { method, name, message, frame, key });
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
