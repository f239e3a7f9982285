import { setTimeout as sleep } from 'node:timers/promises';
import { appendFileSync } from 'node:fs';
import { log } from '../dns/audit.js';
import { Blackboard } from './board.js';
import type { Board } from './board.js';
import { Commits } from './commits.js';
import { leaveSeat } from './etcd-seat.js';
import type { GuardConfig } from './config.js';
import type { Figure } from './figures.js';
import { Handover } from './handover.js';
import type { Outcome } from './handover.js';
import { Patroni } from './patroni.js';
import type { Peer, Self } from './patroni.js';
import { decide } from './rules.js';
import type { Decision } from './rules.js';

/** How often a primary's guard looks where etcd's leader sits. */
const SEAT_EVERY_MS = 5_000;

/** What a guard saw in one round. */
export interface Round {
  readonly member: string;
  /** Whether etcd's majority answers this member. */
  readonly hasMajority: boolean;
  readonly leader: string | null;
  readonly syncStandbys: readonly string[];
  readonly self: Self | null;
  readonly peers: readonly Peer[];
  readonly stalledSeconds: number;
  readonly frozen: string | null;
  readonly decision: Decision;
}

/**
 * Watches this host's PostgreSQL. A primary that keeps its lock and cannot commit, because no standby
 * hears it, is a death that Patroni does not see: its guard tells, and hands over. The guards of the
 * standbys tell what they have, and promote when they are told to. One on each database host.
 */
export class Guard {
  private readonly board: Blackboard;
  private readonly commits: Commits;
  private readonly patroni: Patroni;
  private readonly handover: Handover;
  private readonly outcomes = new Map<string, number>();
  private last: Round | null = null;
  private said = '';
  private promotedFor = '';
  /** The timeline on which this standby last streamed, and which start of the server that was. */
  private streamed = { timeline: 0, started: '' };
  private strayedAt: number | null = null;
  private seatSeenAt = -Infinity;

  constructor(
    private readonly config: GuardConfig,
    private readonly isDry: boolean,
  ) {
    this.board = new Blackboard(config);
    this.commits = new Commits(config.databaseUrl, config.policy.lookEveryMs / 2);
    this.patroni = new Patroni(config.patroniUrl, config.patroniPassword);
    this.handover = new Handover(config, this.board);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const began = performance.now();
      if (!this.isDry) await this.recover();
      await this.round().catch((error: unknown) => {
        this.last = this.last && { ...this.last, hasMajority: false };
        this.say('warn', 'this round came to nothing', { error: String(error) });
      });
      const restMs = Math.max(100, this.config.policy.lookEveryMs - (performance.now() - began));
      await sleep(restMs, undefined, { signal }).catch(() => undefined);
    }
    await this.board.leave();
  }

  private async recover(): Promise<void> {
    await this.handover.recover().catch((error: unknown) => {
      log('error', 'Patroni could not be started again', { error: String(error) });
    });
  }

  /** One look, and what follows from it. @throws Error without etcd's majority */
  async round(): Promise<Round> {
    const { member } = this.config;
    // Read before this member's position: a report that names a plan was made after it.
    const board = await this.board.read();
    const peers = await this.patroni.cluster().catch(() => []);
    const self = this.placed(await this.patroni.self().catch(() => null), peers);
    if (self && !this.isDry) {
      await this.board.report({ member, ...self, plan: board.plan?.id ?? null });
    }
    const isLeader = board.leader === member;
    if (isLeader) await this.commits.look();
    else this.commits.forget();
    const decision = isLeader
      ? await this.judge(board, self)
      : { action: 'stay' as const, reason: `${board.leader ?? 'nobody'} leads` };
    const { leader, syncStandbys, frozen } = board;
    const { stalledSeconds } = this.commits;
    this.last = {
      ...{ member, hasMajority: true, leader, syncStandbys, self, peers },
      ...{ stalledSeconds, frozen, decision },
    };
    this.say(stalledSeconds > 2 ? 'error' : 'info', decision.reason);
    if (decision.action === 'step down') await this.act(decision, self?.timeline ?? 0);
    else if (isLeader) await this.clearSeat(board);
    else {
      await this.follow(board);
      await this.mend(board);
    }
    return this.last;
  }

  /**
   * A standby does not tell its timeline itself. It is the one that the cluster knew while it
   * streamed, for as long as the same server runs: what it has was received on that one.
   */
  private placed(self: Self | null, peers: readonly Peer[]): Self | null {
    if (!self?.isStandby) return self;
    const { isStreaming, started } = self;
    const known = peers.find(({ name }) => name === this.config.member)?.timeline;
    if (isStreaming && known) this.streamed = { timeline: known, started };
    const isSame = this.streamed.started === started;
    return { ...self, timeline: isSame ? this.streamed.timeline : 0 };
  }

  /**
   * A standby that cannot find its way back by itself: its log went on after the leader's branched
   * off, or what it needs is gone. It is copied anew, while another one holds what was acknowledged.
   */
  private async mend({ leader, syncStandbys, frozen, isHeldDown }: Board): Promise<void> {
    const { member, policy } = this.config;
    const peers = this.last?.peers ?? [];
    const me = peers.find(({ name }) => name === member);
    const other = peers.find(({ name }) => name !== member && syncStandbys.includes(name));
    const hasStrayed = leader !== null && me !== undefined && me.state !== 'streaming';
    if (!hasStrayed || ['creating replica', 'running pg_rewind'].includes(me.state)) {
      this.strayedAt = null;
      return;
    }
    this.strayedAt ??= performance.now();
    const seconds = (performance.now() - this.strayedAt) / 1_000;
    if (policy.reseedSeconds === 0 || seconds < policy.reseedSeconds || other?.state !== 'streaming') return; // prettier-ignore
    if (this.isDry || frozen !== null || isHeldDown) {
      this.say('warn', 'would be copied anew, but dry run, kill switch or hold-down are on');
      return;
    }
    this.strayedAt = null;
    await this.board.holdDown(policy.holdDownSeconds, `copy of ${member}`);
    const answer = await this.patroni.reseed();
    this.outcomes.set('copied anew', (this.outcomes.get('copied anew') ?? 0) + 1);
    log('warn', 'this standby did not find its way back and is copied anew', { member, state: me.state, seconds: Math.round(seconds), ...answer }); // prettier-ignore
  }

  /** Keeps etcd's leader and PostgreSQL's primary on two hosts; it can wait when it fails. */
  private async clearSeat({ frozen }: Board): Promise<void> {
    if (this.isDry || frozen !== null || performance.now() - this.seatSeenAt < SEAT_EVERY_MS)
      return;
    this.seatSeenAt = performance.now();
    const { etcd, patroniUrl } = this.config;
    try {
      const to = await leaveSeat(etcd, new URL(patroniUrl).hostname);
      if (to) log('info', 'etcd’s leader has left the primary’s host', { to: to.endpoint });
    } catch (error) {
      log('warn', 'etcd’s leader stays on the primary’s host', { error: String(error) });
    }
  }

  get status(): Round | null {
    return this.last;
  }

  private async judge(board: Board, self: Self | null): Promise<Decision> {
    const { member, members, policy } = this.config;
    const { stalledSeconds } = this.commits;
    const waits = stalledSeconds >= policy.stallSeconds;
    const seen = waits ? await this.commits.waiting().catch(() => null) : null;
    const isCutOff = seen && seen.waiters > 0 && seen.streaming === 0;
    const { reports, frozen, isHeldDown } = board;
    return decide(
      { member, members, stalledSeconds, isCutOff, timeline: self?.timeline ?? 0, reports, frozen, isHeldDown }, // prettier-ignore
      policy.stallSeconds,
    );
  }

  private async act({ reason }: Decision, timeline: number): Promise<void> {
    if (this.isDry) {
      this.say('warn', `dry run: would step down: ${reason}`);
      return;
    }
    log('error', `steps down: ${reason}`);
    const began = performance.now();
    const outcome = await this.inOrder().then((order) => order ?? this.handover.stepDown(timeline));
    this.commits.forget();
    this.outcomes.set(outcome.outcome, (this.outcomes.get(outcome.outcome) ?? 0) + 1);
    const line = { ...{ at: new Date().toISOString(), by: this.config.member, reason }, ...outcome, tookMs: Math.round(performance.now() - began) }; // prettier-ignore
    log(
      outcome.outcome === 'handed over' ? 'warn' : 'error',
      `step down: ${outcome.outcome}`,
      line,
    );
    const { auditFile } = this.config;
    if (auditFile !== null) appendFileSync(auditFile, `${JSON.stringify(line)}\n`);
  }

  /** The gentle way, while a synchronous standby is known and Patroni itself sees it. */
  private async inOrder(): Promise<Outcome | null> {
    const { member, policy } = this.config;
    const [candidate] = this.last?.syncStandbys ?? [];
    if (candidate === undefined) return null;
    const { status, said } = await this.patroni
      .switchover(member, candidate)
      .catch((error: unknown) => ({ status: 0, said: String(error) }));
    log('info', 'asked for a switchover', { candidate, status, said });
    if (status !== 200) return null;
    await this.board.holdDown(policy.holdDownSeconds, `switchover of ${member}`);
    return { outcome: 'handed over', to: candidate };
  }

  /** A standby's part: it leads when the plan says so, once, and only while nobody does. */
  private async follow({ plan, leader }: Board): Promise<void> {
    const { member } = this.config;
    if (plan?.state !== 'promote' || plan.candidate !== member || leader !== null) return;
    if (this.isDry || this.promotedFor === plan.id) return;
    this.promotedFor = plan.id;
    const answer = await this.patroni.promote(member);
    log(answer.status === 200 ? 'warn' : 'error', 'asked to lead', { plan: plan.id, ...answer });
  }

  get figures(): Figure[] {
    const { last } = this;
    const { member } = this.config;
    const one = (name: string, help: string, value: number | undefined): Figure => {
      const values = value === undefined ? [] : [{ labels: { member }, value }];
      return { name: `failover_${name}`, help, type: 'gauge', values };
    };
    const leads = last?.leader === member;
    const streaming = last?.peers.filter(({ state, timeline }) => state === 'streaming' && timeline === last.self?.timeline); // prettier-ignore
    return [
      one('guard_etcd_majority', 'whether etcd’s majority answers this member', last ? Number(last.hasMajority) : 0), // prettier-ignore
      one('guard_frozen', 'whether the kill switch is on', last ? Number(last.frozen !== null) : undefined), // prettier-ignore
      one('leader', 'whether this member holds the leader lock', last ? Number(leads) : undefined),
      one('member_running', 'whether this member’s PostgreSQL runs', Number(['running', 'streaming'].includes(last?.self?.state ?? ''))), // prettier-ignore
      one('timeline', 'timeline of this member', last?.self?.timeline),
      one('log_position_bytes', 'last byte of the write-ahead log on this member’s disk', last?.self?.position), // prettier-ignore
      one('commit_seconds', 'what the last commit took', leads ? this.commits.lastSeconds : undefined), // prettier-ignore
      one('write_stalled_seconds', 'for how long a commit has not come back', leads ? last.stalledSeconds : undefined), // prettier-ignore
      one('sync_standbys', 'standbys that may take over without loss', leads ? last.syncStandbys.length : undefined), // prettier-ignore
      one('streaming_standbys', 'standbys that stream on the leader’s timeline', leads ? streaming?.length : undefined), // prettier-ignore
      {
        ...{ name: 'failover_step_downs_total', help: 'places given away by outcome', type: 'counter' }, // prettier-ignore
        values: [...this.outcomes].map(([outcome, value]) => ({ labels: { member, outcome }, value })), // prettier-ignore
      },
    ];
  }

  /** Says what is new, not what it said the second before. */
  private say(level: 'info' | 'warn' | 'error', message: string, facts: object = {}): void {
    const kind = message.replaceAll(/\d+/g, '#');
    if (kind !== this.said) log(level, message, facts);
    this.said = kind;
  }
}
