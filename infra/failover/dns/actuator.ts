import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditLine } from './audit.js';
import { mayFollow } from './epoch.js';
import type { Change, Provider, Published } from './providers/provider.js';
import type { Zone, ZoneView } from './zone.js';

export interface Order {
  /** What the change is made over; anything else that stands there by now refuses it. */
  readonly from: Published;
  readonly change: Change;
  /** Since when the decision is good, and for how long; `performance.now()`, which no clock sets back. */
  readonly decidedAt: number;
  readonly goodForMs: number;
  readonly verifyMs: number;
  /** Called while waiting; a decider keeps its lease with it. */
  readonly heartbeat?: () => Promise<void>;
}

export interface Outcome {
  readonly outcome: AuditLine['outcome'];
  readonly shownBy: readonly string[];
  readonly missingAt: readonly string[];
  readonly error?: string;
}

/** How often one order is tried at a provider that does not answer. */
const TRIES = 3;
const BETWEEN_MS = 500;

/**
 * Carries out one decision, once: never after its time, never over a greater epoch, never over anything
 * but what was read. Where the provider's answer is lost it reads what stands there and tells by that.
 */
export async function carryOut(provider: Provider, zone: Zone, order: Order): Promise<Outcome> {
  const { from, change } = order;
  if (!mayFollow(change.mark.epoch, from.mark?.epoch ?? null)) return nothing('refused');
  let error = '';
  for (let tries = 0; tries < TRIES; tries += 1) {
    const restMs = tries > 0 ? BETWEEN_MS * 2 ** tries : 0;
    // No rest after which it would be too late; and this process may have stood still in it.
    if (isLate(order, restMs)) return nothing('expired', error);
    if (tries > 0) await sleep(restMs);
    // Trying again what may have been written is safe: it would find its own mark and be refused.
    if (isLate(order)) return nothing('expired', error);
    try {
      const first = await provider.replace(from, change);
      const done = first === 'refused' && tries > 0 ? await standing(provider, order) : first;
      if (done !== 'unknown') return done === 'written' ? await shown(zone, order) : nothing(done);
    } catch (caught) {
      error = (caught as Error).message;
      const stands = await standing(provider, order).catch(() => 'unknown' as const);
      if (stands === 'written') return shown(zone, order);
      if (stands === 'refused') return nothing('refused', error);
    }
    await order.heartbeat?.();
  }
  return nothing('unknown', error);
}

/** Whether the decision is not good any more, now or after a while. */
function isLate({ decidedAt, goodForMs }: Order, afterMs = 0): boolean {
  return performance.now() + afterMs - decidedAt > goodForMs;
}

/** Whether the order stands at the provider, another one does, or nothing happened yet. */
async function standing(
  provider: Provider,
  { from, change }: Order,
): Promise<'written' | 'refused' | 'unknown'> {
  const { text, mark } = await provider.read();
  if (mark?.epoch === change.mark.epoch && mark.site === change.mark.site) return 'written';
  return text === from.text ? 'unknown' : 'refused';
}

/** How long a name server that is silent is waited for: it may be one of the dead site. */
const SILENCE_MS = 5_000;

/** Waits until every authoritative server that answers shows the change. */
async function shown(zone: Zone, order: Order): Promise<Outcome> {
  const started = performance.now();
  const until = started + order.verifyMs;
  const patientUntil = started + Math.min(SILENCE_MS, order.verifyMs);
  for (;;) {
    const view = await zone.look().catch((): ZoneView => ({ servers: [], agreed: null }));
    const { epoch } = order.change.mark;
    const shownBy = view.servers.filter(({ mark }) => (mark?.epoch ?? 0) >= epoch);
    const missing = view.servers.filter((each) => !shownBy.includes(each));
    const lagging = missing.filter(({ error }) => error === null);
    const waited = performance.now() > patientUntil ? lagging : missing;
    const isShown = shownBy.length > 0 && waited.length === 0;
    if (isShown || performance.now() > until) {
      return {
        outcome: 'written',
        shownBy: shownBy.map(({ server }) => server),
        missingAt: missing.map(({ server }) => server),
      };
    }
    await sleep(200);
    await order.heartbeat?.();
  }
}

function nothing(outcome: AuditLine['outcome'], error = ''): Outcome {
  return { outcome, shownBy: [], missingAt: [], ...(error ? { error } : {}) };
}
