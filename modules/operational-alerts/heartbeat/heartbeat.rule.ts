import { businessDay } from '#kernel';
import { nextAt } from '../local-time.js';
import type { Heartbeat } from './heartbeat.entity.js';

const HALF_HOUR_MS = 1_800_000;
/** Days that a rule may rest in a row before it is taken for one that never comes due. */
const MAX_REST_DAYS = 400;

/** When something is expected. */
export type Rule = Pick<
  Heartbeat,
  'everySeconds' | 'byTime' | 'byDays' | 'skipsHolidays' | 'closedDays' | 'graceSeconds'
>;

/** The time within which the next sign is expected. */
export interface Span {
  /** A sign before this does not count. */
  readonly sinceAt: Date;
  /** Grace included. */
  readonly dueAt: Date;
}

/** The first span that begins or goes on at an instant. */
export async function spanFrom(rule: Rule, now: Date): Promise<Span> {
  const { everySeconds, graceSeconds } = rule;
  const graceMs = graceSeconds * 1000;
  if (everySeconds !== null) {
    return { sinceAt: now, dueAt: new Date(now.getTime() + everySeconds * 1000 + graceMs) };
  }
  return spanUntil(await nextDeadline(rule, now), graceMs);
}

/** The span after a sign: a sign of today meets the deadline that today still has. */
export async function spanAfter(rule: Rule, sign: Date): Promise<Span> {
  if (rule.everySeconds !== null) {
    // What was seen does not count again: it would put off for ever what comes no more.
    return { ...(await spanFrom(rule, sign)), sinceAt: new Date(sign.getTime() + 1) };
  }
  const deadline = await nextDeadline(rule, sign);
  const isMet = businessDay(deadline) === businessDay(sign);
  return spanUntil(isMet ? await nextDeadline(rule, deadline) : deadline, rule.graceSeconds * 1000);
}

/** Whether a day is a public holiday in Chile. */
export async function isHoliday(day: string): Promise<boolean> {
  const year = Number(day.slice(0, 4));
  const known = holidays.get(year) ?? loadHolidays(year);
  holidays.set(year, known);
  return (await known).has(day);
}

const holidays = new Map<number, Promise<ReadonlySet<string>>>();

/** Loaded where it is wanted: the library holds the holidays of the whole world. */
async function loadHolidays(year: number): Promise<ReadonlySet<string>> {
  const { default: Holidays } = await import('date-holidays');
  const chile = new Holidays('CL');
  // Holy Saturday is one by law (Ley 2.977, article 1); the library has Easter Sunday only.
  chile.setHoliday('easter -1', { name: 'Sábado Santo', type: 'public' });
  const found = chile.getHolidays(year).filter(({ type }) => type === 'public');
  return new Set(found.map(({ date }) => date.slice(0, 10)));
}

async function nextDeadline(rule: Rule, after: Date): Promise<Date> {
  const { byTime, byDays, skipsHolidays, closedDays } = rule;
  let next = after;
  for (let count = 0; count < MAX_REST_DAYS; count += 1) {
    next = nextAt(byTime ?? '00:00', next, byDays ?? undefined);
    const day = businessDay(next);
    const rests = closedDays.includes(day) || (skipsHolidays && (await isHoliday(day)));
    if (!rests) return next;
  }
  return next;
}

function spanUntil(deadline: Date, graceMs: number): Span {
  return { sinceAt: startOfDay(deadline), dueAt: new Date(deadline.getTime() + graceMs) };
}

/** The first instant of an instant's business day; one Sunday of September has no midnight. */
function startOfDay(instant: Date): Date {
  const day = businessDay(instant);
  let start = instant.getTime() - (instant.getTime() % HALF_HOUR_MS);
  while (businessDay(new Date(start - 1)) === day) start -= HALF_HOUR_MS;
  return new Date(start);
}
