import { Etcd } from '../dns/etcd.js';
import type { GuardConfig } from './config.js';
import type { Report } from './rules.js';

/** How far a primary has come in giving its place away; its own guard writes it, the others read. */
export interface Plan {
  readonly id: string;
  readonly leader: string;
  readonly state: 'stepping down' | 'fenced' | 'promote';
  readonly candidate: string | null;
}

/** What etcd's majority knows of the cluster and of its guards. */
export interface Board {
  readonly leader: string | null;
  readonly syncStandbys: readonly string[];
  readonly reports: readonly Report[];
  readonly plan: Plan | null;
  readonly frozen: string | null;
  readonly isHeldDown: boolean;
}

const LEASE_SECONDS = 8;

/** Where guards tell each other. What a guard says ends with its lease: a dead one says nothing. */
export class Blackboard {
  private readonly etcd: Etcd;
  private lease: string | null = null;

  constructor(
    private readonly config: Pick<GuardConfig, 'etcd' | 'cluster' | 'prefix' | 'member'>,
  ) {
    this.etcd = new Etcd(config.etcd);
  }

  /** @throws Error when etcd has no majority for this member */
  async read(): Promise<Board> {
    const { cluster, prefix } = this.config;
    const [leader, sync, entries] = await Promise.all([
      this.etcd.get(`${cluster}/leader`),
      this.etcd.get(`${cluster}/sync`),
      this.etcd.list(`${prefix}/`),
    ]);
    const of = (name: string): string | null =>
      entries.find(({ key }) => key === `${prefix}/${name}`)?.value ?? null;
    const { sync_standby: names } = JSON.parse(sync?.value ?? '{}') as {
      sync_standby?: string | null;
    };
    const plan = of('plan');
    return {
      leader: leader?.value ?? null,
      syncStandbys: (names ?? '').split(',').filter((name) => name !== ''),
      reports: entries
        .filter(({ key }) => key.startsWith(`${prefix}/report/`))
        .map(({ value }) => JSON.parse(value) as Report),
      plan: plan === null ? null : (JSON.parse(plan) as Plan),
      frozen: of('frozen'),
      isHeldDown: of('hold-down') !== null,
    };
  }

  async report(report: Report): Promise<void> {
    const lease = await this.hold();
    const key = `${this.config.prefix}/report/${this.config.member}`;
    await this.etcd.put({ key, value: JSON.stringify(report), lease });
  }

  /** @returns whether nobody else has a plan */
  async begin(plan: Plan): Promise<boolean> {
    const key = `${this.config.prefix}/plan`;
    const put = { key, value: JSON.stringify(plan), lease: await this.hold() };
    return (await this.etcd.transact([{ absent: key }], [put])) !== null;
  }

  async go(plan: Plan): Promise<void> {
    const key = `${this.config.prefix}/plan`;
    await this.etcd.put({ key, value: JSON.stringify(plan), lease: await this.hold() });
  }

  /** Ends the plan, so that nobody acts on it any more. */
  async end(): Promise<void> {
    await this.etcd.delete(`${this.config.prefix}/plan`);
  }

  /** Takes back what Patroni was told to do and has not done. */
  async takeBack(): Promise<void> {
    await this.etcd.delete(`${this.config.cluster}/failover`);
  }

  async holdDown(seconds: number, why: string): Promise<void> {
    const lease = await this.etcd.grant(seconds);
    await this.etcd.put({ key: `${this.config.prefix}/hold-down`, value: why, lease });
  }

  async freeze(why: string): Promise<void> {
    await this.etcd.put({ key: `${this.config.prefix}/frozen`, value: why });
  }

  async thaw(): Promise<void> {
    await this.etcd.delete(`${this.config.prefix}/frozen`);
  }

  /** Keeps what this guard says alive. */
  async hold(): Promise<string> {
    if (this.lease && (await this.etcd.keepAlive(this.lease)) === 0) this.lease = null;
    this.lease ??= await this.etcd.grant(LEASE_SECONDS);
    return this.lease;
  }

  async leave(): Promise<void> {
    if (this.lease) await this.etcd.revoke(this.lease).catch(() => undefined);
    this.lease = null;
  }
}
