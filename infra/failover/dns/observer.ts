import { setTimeout as sleep } from 'node:timers/promises';
import { log } from './audit.js';
import type { Failover } from './config.js';
import { Etcd } from './etcd.js';
import { keysOf } from './keys.js';
import { look } from './probe.js';
import { demandContact, judge } from './rules.js';
import type { Evidence, Observation, Opinion } from './rules.js';

/** What an observer says of one site, with what it saw. */
export interface Sighting extends Observation {
  readonly site: string;
  readonly evidence: Evidence;
}

/**
 * Looks at every site, again and again, and tells etcd. What it says hangs on a lease that only a
 * further look prolongs: an observer that hangs, dies or is cut off says nothing after three looks.
 */
export class Observer {
  private readonly etcd: Etcd;
  private readonly streaks = new Map<string, Pick<Observation, 'verdict' | 'streak'>>();
  private lease: string | null = null;

  constructor(private readonly failover: Failover) {
    this.etcd = new Etcd(failover.etcd);
  }

  /** @param signal ends it, after it has taken back what it said */
  async run(signal: AbortSignal): Promise<void> {
    const { lookEveryMs } = this.failover.policy;
    while (!signal.aborted) {
      const started = performance.now();
      const sightings = await this.lookAround();
      await this.tell(sightings).catch((error: unknown) => {
        this.lease = null;
        log('warn', 'etcd does not take what this observer sees', { error: String(error) });
      });
      const restMs = Math.max(50, lookEveryMs - (performance.now() - started));
      await sleep(restMs, undefined, { signal }).catch(() => undefined);
    }
    if (this.lease) await this.etcd.revoke(this.lease).catch(() => undefined);
  }

  /** One look at every site. */
  async lookAround(): Promise<Sighting[]> {
    const { sites, record, prometheusUrl, policy } = this.failover;
    const options = { record, prometheusUrl, timeoutMs: policy.lookTimeoutMs };
    const evidence = new Map(
      await Promise.all(sites.map(async (site) => [site.name, await look(site, options)] as const)),
    );
    const found = [...evidence].map(
      ([site, seen]) => [site, { look: seen.look, opinion: judge(seen) }] as const,
    );
    const opinions = demandContact(new Map(found));
    return [...evidence].flatMap(([site, seen]) => {
      const opinion = opinions.get(site);
      return opinion ? [{ site, ...this.count(site, opinion), evidence: seen }] : [];
    });
  }

  private count(site: string, opinion: Opinion): Observation {
    const last = this.streaks.get(site);
    const streak = last?.verdict === opinion.verdict ? last.streak + 1 : 1;
    this.streaks.set(site, { verdict: opinion.verdict, streak });
    if (streak === 1) log('info', `${site} is ${opinion.verdict}`, { site, ...opinion });
    return { ...opinion, streak };
  }

  private async tell(sightings: readonly Sighting[]): Promise<void> {
    const { name, prefix, policy } = this.failover;
    const perLookMs = Math.max(policy.lookEveryMs, policy.lookTimeoutMs);
    if (this.lease && (await this.etcd.keepAlive(this.lease)) === 0) this.lease = null;
    this.lease ??= await this.etcd.grant(Math.max(3, Math.ceil((3 * perLookMs) / 1_000)));
    const lease = this.lease;
    const puts = sightings.map((each) => {
      return {
        key: keysOf(prefix).observation(name, each.site),
        value: JSON.stringify(each),
        lease,
      };
    });
    await this.etcd.transact([], puts);
  }
}
