import type { Etcd } from './etcd.js';
import type { Keys } from './keys.js';

/** The right to decide: one decider has it, for as long as its lease in etcd lives. */
export class Lease {
  private lease: string | null = null;
  private since = 0;
  private goodUntil = 0;

  constructor(
    private readonly etcd: Etcd,
    private readonly keys: Keys,
    private readonly name: string,
    private readonly seconds: number,
  ) {}

  /** The revision at which it became the leader; 0 when it is none. */
  get term(): number {
    return performance.now() < this.goodUntil ? this.since : 0;
  }

  /** etcd's number of the lease: what hangs on it goes with the lead; null where there is none. */
  get id(): string | null {
    return this.lease;
  }

  /** Keeps the lease, or tries to get it. @throws Error when etcd does not answer: nobody leads then */
  async hold(): Promise<boolean> {
    const asked = performance.now();
    if (this.lease && (await this.etcd.keepAlive(this.lease)) === 0) this.lease = null;
    if (!this.lease) {
      this.since = 0;
      this.lease = await this.etcd.grant(this.seconds);
    }
    if (this.since === 0) await this.campaign(this.lease);
    // Counted from before the question: etcd's own count began later.
    this.goodUntil = this.since === 0 ? 0 : asked + this.seconds * 1_000;
    return this.term > 0;
  }

  /** Gives the lead back, so that nobody needs to wait for its end. */
  async leave(): Promise<void> {
    this.goodUntil = 0;
    if (this.lease) await this.etcd.revoke(this.lease).catch(() => undefined);
  }

  private async campaign(lease: string): Promise<void> {
    const { leader } = this.keys;
    const value = JSON.stringify({ name: this.name, lease });
    await this.etcd.transact([{ absent: leader }], [{ key: leader, value, lease }]);
    // What stands there tells, also when the answer to an earlier campaign was lost.
    const entry = await this.etcd.get(leader);
    this.since = entry?.value === value ? entry.createRevision : 0;
  }
}
