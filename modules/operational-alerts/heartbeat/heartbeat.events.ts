import { defineEvent } from '#kernel';
import type { Severity } from '#kernel';
import type { HeartbeatState } from './heartbeat.entity.js';

/** What every event of a heartbeat carries. */
export interface HeartbeatFacts {
  readonly heartbeatId: string;
  readonly name: string;
  readonly severity: Severity;
  readonly state: HeartbeatState;
  /** When it was last seen, as RFC 3339 writes it; null when never. */
  readonly lastSeenAt: string | null;
}

export const HeartbeatCreated = defineEvent<HeartbeatFacts>({
  name: 'heartbeat.created',
  version: 1,
  summary: 'something is expected again and again from now on; the token is never in the event',
});

export const HeartbeatChanged = defineEvent<HeartbeatFacts>({
  name: 'heartbeat.changed',
  version: 1,
  summary: 'what is expected, or when, changed',
});

export const HeartbeatMissed = defineEvent<HeartbeatFacts>({
  name: 'heartbeat.missed',
  version: 1,
  summary: 'what was expected did not happen in time',
});

export const HeartbeatRecovered = defineEvent<HeartbeatFacts>({
  name: 'heartbeat.recovered',
  version: 1,
  summary: 'what had been missed happened',
});
