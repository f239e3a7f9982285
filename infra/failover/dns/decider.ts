import { setTimeout as sleep } from 'node:timers/promises';
import { carryOut } from './actuator.js';
import type { Order, Outcome } from './actuator.js';
import { log, recordChange } from './audit.js';
import type { AuditLine } from './audit.js';
import { Backoff } from './backoff.js';
import type { Circumstances } from './backoff.js';
import type { Failover } from './config.js';
import { nextEpoch } from './epoch.js';
import { Etcd } from './etcd.js';
import type { Entry } from './etcd.js';
import { keysOf } from './keys.js';
import { Lease } from './lease.js';
import type { Provider, Published } from './providers/provider.js';
import { decide } from './rules.js';
import type { Decision } from './rules.js';
import { activeSite, readSnapshot } from './snapshot.js';
import type { Intent, Snapshot, Trouble } from './snapshot.js';
import { takesConnections } from './wire/exchange.js';
import { addressType } from './wire/message.js';
import type { Zone } from './zone.js';

/** What one round came to. */
export interface Round {
  readonly leading: boolean;
  readonly active: string | null;
  readonly decision: Decision;
}

const HOUR_SECONDS = 3_600;
/** How long it may take a provider that failed to take a connection; nobody waits for it longer than for name servers. */
const CONNECT_MS = 1_000;

/** The provider did not do what it was asked, nor refuse it because somebody else came first. */
class ProviderFailed extends Error {}

/**
 * Decides whether the name moves. Any number of deciders may run; the one that holds the lease acts.
 * Before a leader decides anything it publishes an epoch of its own over the last one: from then on
 * nothing that an earlier leader sent, however late it arrives, is taken by the provider.
 */
export class Decider {
  private readonly etcd: Etcd;
  private readonly keys;
  private readonly lease: Lease;
  /** Since when each observation has stood unchanged, by this process's own clock. */
  private readonly seen = new Map<string, { revision: number; at: number }>();
  private epoch: number | null = null;
  private hidden = false;
  private readonly backoff: Backoff;
  private failingSince: string | null = null;
  private lastSaid = '';

  constructor(
    private readonly failover: Failover,
    private readonly provider: Provider,
    private readonly zone: Zone,
    private readonly dryRun: boolean,
  ) {
    const { etcd, prefix, name, policy } = failover;
    this.etcd = new Etcd(etcd);
    this.keys = keysOf(prefix);
    this.lease = new Lease(this.etcd, this.keys, name, policy.leaseSeconds);
    this.backoff = new Backoff(policy.retryMaxSeconds * 1_000);
  }

  async run(signal: AbortSignal): Promise<void> {
    const everyMs = Math.min(this.failover.policy.lookEveryMs, this.leaseMs / 4);
    while (!signal.aborted) {
      const started = performance.now();
      try {
        const round = await this.round();
        this.say('info', round.decision.reason, { ...round });
      } catch (error) {
        this.say('warn', 'this round came to nothing', { error: String(error) });
      }
      const restMs = Math.max(50, everyMs - (performance.now() - started));
      await sleep(restMs, undefined, { signal }).catch(() => undefined);
    }
    await this.lease.leave();
  }

  /** Looks once and does what the rules say. A dry run takes no lease and writes nothing anywhere. */
  async round(): Promise<Round> {
    const leading = this.dryRun ? false : await this.hold();
    const snapshot = await readSnapshot(this.etcd, this.failover, (entry) => this.isFresh(entry));
    const [view, isReached] = await Promise.all([this.zone.look(), this.isReached(leading)]);
    const active = activeSite(this.failover, view, this.hidden);
    const standing = view.agreed?.mark?.epoch ?? 0;
    // Somebody wrote after this leader fenced: a person, or a leader that it does not know of.
    if (this.epoch !== null && standing > this.epoch) this.epoch = null;
    const { consensus: sites, heldDown, flipsLastHour } = snapshot;
    const frozen = snapshot.frozen !== null;
    const seen = { active, sites, frozen, heldDown, flipsLastHour };
    const { flipsPerHour, riseWindows } = this.failover.policy;
    const limits = { flipsPerHour, riseWindows };
    const wish = decide({ ...seen, fenced: true, resting: false }, limits);
    const wanted = wish.action === 'flip' ? wish.to : null;
    const circumstances = { term: this.lease.term, epoch: standing, wanted, isReached };
    const resting = leading && !this.backoff.isDue(performance.now(), circumstances);
    if (leading && !resting && this.epoch === null && !frozen) {
      await this.attempt(circumstances, async () => this.fence(snapshot));
    }
    const fenced = this.dryRun || !leading || this.epoch !== null;
    const decision = decide({ ...seen, fenced, resting }, limits);
    if (decision.action === 'flip' && leading) {
      // Its own fence is no news to it.
      const epoch = Math.max(standing, this.epoch ?? 0);
      await this.attempt({ ...circumstances, epoch }, async () => this.flip(decision));
    }
    if (decision.action === 'flip' && this.dryRun) {
      this.say('warn', `dry run: the name would move to ${decision.to}`, { ...decision });
    }
    return { leading, active, decision };
  }

  async leave(): Promise<void> {
    await this.lease.leave();
  }

  private async hold(): Promise<boolean> {
    const before = this.lease.term;
    const leading = await this.lease.hold();
    if (this.lease.term !== before) this.epoch = null;
    return leading;
  }

  /** Whether a provider that failed takes connections; null where it has not failed, or is not this one's to ask. */
  private async isReached(leading: boolean): Promise<boolean | null> {
    if (!leading || this.backoff.failures === 0) return null;
    return takesConnections(this.provider.at, CONNECT_MS);
  }

  /** Asks the provider for something. One that fails is left alone for a while, and whoever asks for the status is told. */
  private async attempt(
    circumstances: Circumstances,
    ask: () => Promise<Outcome | null>,
  ): Promise<void> {
    try {
      const result = await ask();
      if (result?.outcome === 'written') await this.recovered();
      else if (result && result.outcome !== 'refused' && result.error !== undefined) {
        await this.rest(circumstances, result.error);
      }
    } catch (error) {
      if (error instanceof ProviderFailed) await this.rest(circumstances, error.message);
      throw error;
    }
  }

  private async rest(circumstances: Circumstances, error: string): Promise<void> {
    const restMs = this.backoff.failed(performance.now(), circumstances);
    const { failures } = this.backoff;
    this.failingSince ??= new Date().toISOString();
    const nextAt = new Date(Date.now() + restMs).toISOString();
    const trouble: Trouble = {
      ...{ by: this.failover.name, since: this.failingSince, failures, error, nextAt },
    };
    log('warn', 'the provider fails, and is left alone for a while', { ...trouble, restMs });
    const lease = this.lease.id;
    const put = { key: this.keys.trouble, value: JSON.stringify(trouble) };
    if (lease) await this.etcd.put({ ...put, lease }).catch(() => undefined);
  }

  private async recovered(): Promise<void> {
    this.backoff.succeeded();
    if (this.failingSince === null) return;
    this.failingSince = null;
    log('info', 'the provider takes changes again');
    await this.etcd.delete(this.keys.trouble).catch(() => undefined);
  }

  /** What the provider holds. @throws ProviderFailed */
  private async read(): Promise<Published> {
    try {
      return await this.provider.read();
    } catch (cause) {
      throw new ProviderFailed((cause as Error).message, { cause });
    }
  }

  /** An observation counts while its lease lives, and no longer than that by this process's own clock. */
  private isFresh({ key, modRevision }: Entry): boolean {
    const now = performance.now();
    const last = this.seen.get(key);
    if (last?.revision !== modRevision) this.seen.set(key, { revision: modRevision, at: now });
    const { lookEveryMs, lookTimeoutMs } = this.failover.policy;
    const maxAgeMs = Math.max(3_000, 3 * Math.max(lookEveryMs, lookTimeoutMs)) + 1_000;
    return last?.revision !== modRevision || now - last.at <= maxAgeMs;
  }

  /** Makes everything that earlier leaders may still send worthless, and clears up what they began. */
  private async fence({ intent }: Snapshot): Promise<Outcome> {
    const term = this.demandTerm();
    const from = await this.read();
    this.hidden = from.hidden;
    const { addresses } = from;
    const kinds = addresses.map(addressType);
    if (!from.mark || kinds.join(' ') !== this.failover.families.join(' ')) {
      throw new ProviderFailed('The name is not set up: run `ofitec failover act --to SITE` once.');
    }
    const began = intent?.state === 'decided' ? intent : null;
    const mark = { epoch: nextEpoch(term, from.mark.epoch), site: from.mark.site };
    const result = await this.change('fence', from, addresses, mark, 'a new leader');
    if (result.outcome !== 'written') return result;
    const landed = began && from.mark.epoch > began.over && from.mark.site === began.to;
    if (began) await this.settle(began, landed ? 'written' : 'abandoned');
    this.epoch = mark.epoch;
    return result;
  }

  private async flip(chosen: Decision & { action: 'flip' }): Promise<Outcome | null> {
    const { from: site, to, reason } = chosen;
    const decidedAt = performance.now();
    const from = await this.read();
    const over = from.mark?.epoch ?? 0;
    const target = this.failover.sites.find(({ name }) => name === to);
    if (over !== this.epoch || from.mark?.site !== site || !target) {
      this.epoch = null;
      return null;
    }
    const { holdDownSeconds } = this.failover.policy;
    const { leader, frozen, holdDown, decision, flip } = this.keys;
    const intent: Intent = {
      ...{ by: this.failover.name, from: site, to, reason, over, state: 'decided' },
    };
    const lease = {
      holdDown: await this.etcd.grant(holdDownSeconds),
      flip: await this.etcd.grant(HOUR_SECONDS),
    };
    const revision = await this.etcd.transact(
      [{ key: leader, created: this.demandTerm() }, { absent: frozen }, { absent: holdDown }],
      [
        { key: decision, value: JSON.stringify(intent) },
        { key: holdDown, value: JSON.stringify(intent), lease: lease.holdDown },
        { key: flip(over), value: JSON.stringify(intent), lease: lease.flip },
      ],
    );
    if (revision === null) {
      for (const each of Object.values(lease)) await this.etcd.revoke(each);
      return null;
    }
    const mark = { epoch: nextEpoch(revision, over), site: to };
    const result = await this.change('flip', from, target.addresses, mark, reason, decidedAt);
    this.epoch = result.outcome === 'written' ? mark.epoch : null;
    // Where it is not known, the next fence finds out.
    if (result.outcome === 'written') await this.settle(intent, 'written');
    return result;
  }

  /** Notes what became of a decision; one that never took effect leaves no hold-down behind. */
  private async settle(intent: Intent, state: 'written' | 'abandoned'): Promise<void> {
    const { leader, decision, holdDown, flip } = this.keys;
    const gone = state === 'abandoned' ? [holdDown, flip(intent.over)] : [];
    await this.etcd.transact(
      [{ key: leader, created: this.demandTerm() }],
      [{ key: decision, value: JSON.stringify({ ...intent, state }) }],
      gone,
    );
  }

  private async change(
    action: 'flip' | 'fence',
    from: Published,
    addresses: readonly string[],
    mark: { epoch: number; site: string },
    reason: string,
    decidedAt = performance.now(),
  ): Promise<Outcome> {
    const { policy, ttlSeconds, name, record, auditFile } = this.failover;
    const order: Order = {
      from,
      change: { addresses, mark, ttlSeconds },
      decidedAt,
      goodForMs: this.leaseMs,
      // A fence changes nothing that a client sees; there is no need to wait for the slowest server.
      verifyMs:
        (action === 'fence' ? Math.min(5, policy.verifySeconds) : policy.verifySeconds) * 1_000,
      heartbeat: async () => void (await this.lease.hold()),
    };
    this.demandTerm();
    const result = await carryOut(this.provider, this.zone, order);
    const line: AuditLine = {
      at: new Date().toISOString(),
      ...{ by: name, action, record, from: from.mark?.site ?? null, to: mark.site },
      ...{ epoch: mark.epoch, overEpoch: from.mark?.epoch ?? null, outcome: result.outcome },
      ...{ shownBy: result.shownBy, missingAt: result.missingAt, reason },
      tookMs: Math.round(performance.now() - decidedAt),
    };
    recordChange(auditFile, line, result.error);
    const put = { key: this.keys.lastChange, value: JSON.stringify(line) };
    if (action === 'flip') await this.etcd.put(put).catch(() => undefined);
    return result;
  }

  /** The term of this leader. @throws Error when the lease ended; etcd would take 0 for "nobody leads" */
  private demandTerm(): number {
    if (this.lease.term === 0) throw new Error('The lease ended before the change.');
    return this.lease.term;
  }

  private get leaseMs(): number {
    return this.failover.policy.leaseSeconds * 1_000;
  }

  /** Says each thing once, until something else is to be said. */
  private say(level: 'info' | 'warn', message: string, facts: object): void {
    const { name } = this.failover;
    if (message === this.lastSaid) return;
    this.lastSaid = message;
    log(level, message, { decider: name, ...facts });
  }
}
