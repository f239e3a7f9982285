import { SEVERITIES } from '#kernel';
import type { AlertDefinition, Severity } from '#kernel';
import { nextAt, timeOfDay } from '../local-time.js';
import type { Alert } from '../alert/alert.entity.js';
import type { Subscription } from './subscription.entity.js';

const MINUTE_MS = 60_000;
/** How often a held alert looks whether what holds it is over. */
const HELD_MS = 15_000;
/** A symptom may be seen a little before its cause is, and after. */
const SYMPTOM_MS = 10_000;

/** The subscription as far as time goes. */
export type Timing = Pick<
  Subscription,
  | 'groupWaitSeconds'
  | 'repeatMinutes'
  | 'quietFrom'
  | 'quietUntil'
  | 'quietBelow'
  | 'afterUnacknowledgedMinutes'
>;

/** An alert as far as telling of it goes. */
export type Telling = Pick<
  Alert,
  'type' | 'state' | 'severity' | 'openedAt' | 'lastSeenAt' | 'resolvedAt'
>;

/** What to do about one alert and one subscription at an instant. */
export type Step =
  | { readonly act: 'tell'; readonly status: 'firing' | 'resolved'; readonly nextAt: Date | null }
  | { readonly act: 'wait'; readonly until: Date }
  | { readonly act: 'mute' | 'drop' };

/** Whether the subscription is about alerts like this one. */
export function concerns(
  { active, types, leastSeverity }: Pick<Subscription, 'active' | 'types' | 'leastSeverity'>,
  { type, severity }: Pick<Alert, 'type' | 'severity'>,
): boolean {
  const isGraveEnough = rank(severity) >= rank(leastSeverity);
  return active && isGraveEnough && (types.length === 0 || types.includes(type));
}

/** When an alert that has begun is first told. */
export function firstNotice(timing: Timing, now: Date): Date {
  const minutes = timing.afterUnacknowledgedMinutes;
  return later(now, minutes * MINUTE_MS + timing.groupWaitSeconds * 1000);
}

/**
 * What to do now that a notice is due.
 *
 * @param causes alerts that inhibit this one's type, unresolved or resolved lately
 */
export function stepOf(
  timing: Timing,
  alert: Telling,
  toldAt: Date | null,
  causes: readonly Telling[],
  now: Date,
): Step {
  if (alert.state === 'resolved' && toldAt === null) return { act: 'drop' };
  if (alert.state === 'acknowledged' || alert.state === 'silenced') return { act: 'drop' };
  const firing = alert.state === 'open';
  if (firing && causes.some(({ state }) => state !== 'resolved')) {
    return { act: 'wait', until: later(now, HELD_MS) };
  }
  if (firing && causes.some((cause) => isSymptomOf(cause, alert))) return { act: 'mute' };
  const quietUntil = endOfQuiet(timing, alert.severity, now);
  if (quietUntil) return { act: 'wait', until: quietUntil };
  return firing
    ? { act: 'tell', status: 'firing', nextAt: later(now, timing.repeatMinutes * MINUTE_MS) }
    : { act: 'tell', status: 'resolved', nextAt: null };
}

/** The types whose alerts inhibit alerts of a type. */
export function inhibitorsOf(type: string, definitions: readonly AlertDefinition[]): string[] {
  return definitions
    .filter(({ inhibits = [] }) => inhibits.includes(type))
    .map((each) => each.type);
}

/** When the quiet hours end that hold an alert of this severity now; null when nothing holds it. */
export function endOfQuiet(timing: Timing, severity: Severity, now: Date): Date | null {
  const { quietFrom, quietUntil, quietBelow } = timing;
  if (quietFrom === null || quietUntil === null) return null;
  if (quietBelow !== null && rank(severity) >= rank(quietBelow)) return null;
  const time = timeOfDay(now);
  const isQuiet =
    quietFrom < quietUntil
      ? time >= quietFrom && time < quietUntil
      : time >= quietFrom || time < quietUntil;
  return isQuiet ? nextAt(quietUntil, now) : null;
}

/** All of it happened while the cause lasted. */
function isSymptomOf(cause: Telling, alert: Telling): boolean {
  return (
    cause.resolvedAt !== null &&
    alert.openedAt >= later(cause.openedAt, -SYMPTOM_MS) &&
    alert.lastSeenAt <= later(cause.resolvedAt, SYMPTOM_MS)
  );
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

function later(instant: Date, ms: number): Date {
  return new Date(instant.getTime() + ms);
}
