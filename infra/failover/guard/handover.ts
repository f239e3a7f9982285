import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { log } from '../dns/audit.js';
import type { Blackboard, Plan } from './board.js';
import { isStopped } from './commits.js';
import type { GuardConfig } from './config.js';
import { FAILOVER_MS } from './patroni.js';
import { furthest, unseen } from './rules.js';

/** For how long the others are waited for. */
interface Patience {
  readonly reportMs: number;
  readonly everyMs: number;
  /** Longer than a candidate's guard waits for its Patroni: what it was told to do is done or refused then. */
  readonly settleMs: number;
}

const PATIENCE: Patience = { reportMs: 15_000, everyMs: 300, settleMs: FAILOVER_MS + 1_000 };

export type Outcome =
  | { readonly outcome: 'handed over'; readonly to: string }
  | { readonly outcome: 'refused' | 'given up'; readonly reason: string };

/**
 * Takes the place away from this host's own primary, in an order that loses nothing: first it is
 * stopped and can acknowledge no more; then every other member tells what it has; the one with the
 * most is made the leader; and then this one comes back as a standby, or, if nobody took over, as
 * what it was.
 */
export class Handover {
  constructor(
    private readonly config: GuardConfig,
    private readonly board: Blackboard,
    private readonly patience = PATIENCE,
  ) {}

  /** Starts Patroni again, where that failed or a guard died between stopping it and starting it. */
  async recover(): Promise<void> {
    if (!existsSync(this.config.stateFile)) return;
    log('warn', 'an earlier guard stopped Patroni and did not start it again');
    await this.resume();
  }

  async stepDown(timeline: number): Promise<Outcome> {
    const { member, policy, stateFile } = this.config;
    const plan: Plan = {
      id: randomUUID(),
      leader: member,
      state: 'stepping down',
      candidate: null,
    };
    if (!(await this.board.begin(plan))) {
      return { outcome: 'refused', reason: 'another guard has a plan' };
    }
    // Held from here on, whatever becomes of it: a second attempt is no better than the first.
    await this.board.holdDown(policy.holdDownSeconds, `step down of ${member}`);
    const alive = setInterval(() => void this.board.hold().catch(() => undefined), 2_000);
    try {
      mkdirSync(dirname(stateFile), { recursive: true });
      writeFileSync(stateFile, plan.id);
      await this.tell(this.config.stepDown, policy.stopSeconds);
      if (!(await isStopped(this.config.databaseUrl))) throw new Error('PostgreSQL did not stop');
      return await this.choose(plan, timeline);
    } catch (error) {
      return { outcome: 'given up', reason: (error as Error).message };
    } finally {
      clearInterval(alive);
      await this.close();
    }
  }

  /** From here on this primary acknowledges nothing: what the others have now is all there is. */
  private async choose(plan: Plan, timeline: number): Promise<Outcome> {
    const { member, members, policy } = this.config;
    const { reportMs, everyMs, settleMs } = this.patience;
    const fenced: Plan = { ...plan, state: 'fenced' };
    await this.board.go(fenced);
    let candidate: string | null = null;
    for (const until = after(reportMs); candidate === null; await sleep(everyMs)) {
      const { leader, reports } = await this.board.read();
      if (leader !== null && leader !== member) return { outcome: 'handed over', to: leader };
      const silent = unseen({ member, members, timeline, reports }, plan.id);
      if (silent.length === 0)
        candidate = furthest(reports.filter((each) => each.member !== member));
      else if (performance.now() > until) throw new Error(`${silent.join(' and ')} did not tell`);
    }
    log('warn', `${candidate} has the most and is to lead`, { plan: plan.id });
    await this.board.go({ ...fenced, state: 'promote', candidate });
    for (const until = after(policy.promoteSeconds * 1_000); ; await sleep(everyMs)) {
      const { leader } = await this.board.read();
      if (leader !== null && leader !== member) return { outcome: 'handed over', to: leader };
      if (performance.now() > until) break;
    }
    // Nobody may act on this plan any more before the old primary comes back.
    await this.board.end();
    await sleep(settleMs);
    const { leader } = await this.board.read();
    if (leader !== null && leader !== member) return { outcome: 'handed over', to: leader };
    await this.board.takeBack();
    throw new Error(`${candidate} did not take over`);
  }

  private async close(): Promise<void> {
    await this.board.end().catch((error: unknown) => {
      log('error', 'the plan could not be ended; it ends with its lease', { error: String(error) });
    });
    // The outcome is told in any case, and the file stays: whoever finds it tries again.
    await this.resume().catch((error: unknown) => {
      log('error', 'Patroni could not be started again', { error: String(error) });
    });
  }

  private async resume(): Promise<void> {
    await this.tell(this.config.resume, 60);
    rmSync(this.config.stateFile, { force: true });
  }

  private async tell([command = '', ...args]: readonly string[], seconds: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      execFile(command, args, { timeout: seconds * 1_000 }, (error, _, stderr) => {
        if (error) reject(new Error(`${command} ${args.join(' ')}: ${stderr || error.message}`));
        else resolve();
      });
    });
  }
}

function after(ms: number): number {
  return performance.now() + ms;
}
