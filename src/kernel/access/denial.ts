import { defineEvent } from '../events/event.js';
import type { Actor, Claim } from './context.js';

/** A request that was answered 401, 403 or 429. */
export interface Denial {
  readonly at: Date;
  readonly status: number;
  /** Code of the problem. */
  readonly code: string;
  readonly method: string;
  /** The route's template, never the address itself, which may hold anything. */
  readonly route: string;
  readonly requestId: string;
  readonly ip: string | null;
  readonly actor: Actor | null;
  readonly claim: Claim | null;
}

/** Denials that were counted and not recorded one by one: the caps were reached. */
export interface Suppression {
  /** The company whose users were denied; null for requests that proved nobody. */
  readonly companyId: string | null;
  readonly from: Date;
  readonly until: Date;
  readonly count: number;
  /** How many of each problem's code. */
  readonly codes: Readonly<Record<string, number>>;
}

export const AccessDenied = defineEvent<{
  /** When; the event itself is stored a little later. */
  readonly at: string;
  readonly status: number;
  readonly code: string;
  readonly method: string;
  readonly route: string;
}>({
  name: 'access.denied',
  version: 1,
  summary: 'a request was answered 401, 403 or 429',
});

export const DenialsSuppressed = defineEvent<
  Pick<Suppression, 'count' | 'codes'> & {
    readonly from: string;
    readonly until: string;
  }
>({
  name: 'access.denials_suppressed',
  version: 1,
  summary: 'so many requests were denied that the further ones of a minute were only counted',
});
