import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { log } from '../dns/audit.js';
import type { Blackboard, Plan } from './board.js';
import { isStopped } from './commits.js';
import type { GuardConfig } from './config.js';
import { furthest, unseen } from './rules.js';

const REPORT_SECONDS = 15;
const EVERY_MS = 300;
/** Longer than a candidate's guard waits for its Patroni: what it was told to do is done or refused then. */
const SETTLE_MS = 16_000;

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
  ) {}

  /** Starts Patroni again, where a guard died between stopping it and starting it. */
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
    const fenced: Plan = { ...plan, state: 'fenced' };
    await this.board.go(fenced);
    let candidate: string | null = null;
    for (const until = after(REPORT_SECONDS); candidate === null; await sleep(EVERY_MS)) {
      const { leader, reports } = await this.board.read();
      if (leader !== null && leader !== member) return { outcome: 'handed over', to: leader };
      const silent = unseen({ member, members, timeline, reports }, plan.id);
      if (silent.length === 0)
        candidate = furthest(reports.filter((each) => each.member !== member));
      else if (performance.now() > until) throw new Error(`${silent.join(' and ')} did not tell`);
    }
    log('warn', `${candidate} has the most and is to lead`, { plan: plan.id });
    await this.board.go({ ...fenced, state: 'promote', candidate });
    for (const until = after(policy.promoteSeconds); ; await sleep(EVERY_MS)) {
      const { leader } = await this.board.read();
      if (leader !== null && leader !== member) return { outcome: 'handed over', to: leader };
      if (performance.now() > until) break;
    }
    // Nobody may act on this plan any more before the old primary comes back.
    await this.board.end();
    await sleep(SETTLE_MS);
    const { leader } = await this.board.read();
    if (leader !== null && leader !== member) return { outcome: 'handed over', to: leader };
    await this.board.takeBack();
    throw new Error(`${candidate} did not take over`);
  }

  private async close(): Promise<void> {
    await this.board.end().catch((error: unknown) => {
      log('error', 'the plan could not be ended; it ends with its lease', { error: String(error) });
    });
    await this.resume();
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

function after(seconds: number): number {
  return performance.now() + seconds * 1_000;
}
