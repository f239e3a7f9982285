import { Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthCheckResult, HealthIndicatorResult } from '@nestjs/terminus';
import { Pulse } from '../events/pulse.js';
import { Backlog } from './backlog.js';
import { DatabaseProbe } from './database-probe.js';
import { Latest } from './latest.js';

const PROBE_PATIENCE_MS = 2_000;
const PROBE_FRESH_MS = 1_000;
const BACKLOG = { freshMs: 5_000, patienceMs: 500 };
/** A loop that has not gone round for so long hangs: one statement may take 30 s, an idle transaction 10 s. */
const SILENT_SECONDS = 120;
const BEHIND_SECONDS = 300;

/** What readiness found, check by check. `degraded`: it works, and somebody should look. */
export interface Verdict {
  readonly ready: boolean;
  readonly status: 'ok' | 'degraded' | 'error';
  readonly details: HealthCheckResult['details'];
}

/**
 * Whether this process can do its work now. What it finds of itself alone takes it out of service;
 * what all processes share (a backlog) only degrades, because it would take all of them out at once.
 */
@Injectable()
export class Readiness {
  private readonly log = new Logger('readiness');
  private readonly backlog: Latest<{ oldestPendingSeconds: number; oldestDueSeconds: number }>;
  private isDraining = false;
  private wasReady = false;
  private lastStatus: Verdict['status'] = 'ok';

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly probe: DatabaseProbe,
    private readonly pulse: Pulse,
    backlog: Backlog,
  ) {
    this.backlog = new Latest(() => backlog.count(), BACKLOG);
  }

  /** The process is about to end: from now on it is not ready, whatever else is well. */
  drain(): void {
    this.isDraining = true;
  }

  get draining(): boolean {
    return this.isDraining;
  }

  /** Checks everything; bounded in time, and cheap when many ask. */
  async check(): Promise<Verdict> {
    const verdict = await this.look();
    this.wasReady ||= verdict.ready;
    this.tellOfChange(verdict);
    return verdict;
  }

  /** As {@link check} until the process was ready once; ready ever after. */
  async checkStartup(): Promise<Verdict> {
    return this.wasReady ? { ready: true, status: 'ok', details: {} } : this.check();
  }

  private async look(): Promise<Verdict> {
    const checks = [() => this.process(), () => this.database(), () => this.worker()];
    const { status, details } = await this.health
      .check([...checks, () => this.queue()])
      .catch((error: unknown) => {
        if (!(error instanceof ServiceUnavailableException)) throw error;
        return error.getResponse() as HealthCheckResult;
      });
    const ready = status === 'ok' || status === 'degraded';
    return { ready, status: ready ? status : 'error', details };
  }

  private process(): HealthIndicatorResult {
    const check = this.indicators.check('process');
    return this.isDraining ? check.down('about to end') : check.up();
  }

  private async database(): Promise<HealthIndicatorResult> {
    const written = await this.indicators
      .check('database')
      .attempt(({ signal }) => this.probe.write(signal))
      .withTimeout(PROBE_PATIENCE_MS)
      .cacheFor(PROBE_FRESH_MS);
    const check = this.indicators.check('migrations');
    const { length } = this.probe.pending;
    return { ...written, ...(length > 0 ? check.down(`${length} pending`) : check.up()) };
  }

  /** The loop of this process, not the work that waits: a restart mends the one and not the other. */
  private worker(): HealthIndicatorResult {
    const { silentSeconds } = this.pulse;
    if (silentSeconds === null) return {};
    const check = this.indicators.check('worker');
    return silentSeconds > SILENT_SECONDS ? check.down('the queue is stuck') : check.up();
  }

  private async queue(): Promise<HealthIndicatorResult> {
    const check = this.indicators.check('queue');
    const figures = await this.backlog.read().catch((error: unknown) => {
      this.log.debug({ message: 'the backlog is not known', error: String(error) });
      return null;
    });
    if (!figures) return check.degraded('unknown');
    const seconds = Math.max(figures.oldestPendingSeconds, figures.oldestDueSeconds);
    return seconds > BEHIND_SECONDS ? check.degraded('events wait too long') : check.up();
  }

  /** A line for each change, and none for each question. */
  private tellOfChange({ status, details }: Verdict): void {
    if (status === this.lastStatus) return;
    this.lastStatus = status;
    const reasons = Object.entries(details)
      .filter(([, { status }]) => status !== 'up')
      .map(([name, { message }]) => `${name}: ${String(message)}`);
    this.log.warn({ message: `readiness is ${status}`, reasons });
  }
}
