import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Faults } from '#kernel';
import type { ServerError } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { DatabaseWatchService } from './database-watch.service.js';
import { ErrorTally, OTHERS, textOf } from './error-tally.js';
import type { Gathered } from './error-tally.js';

const TYPE = 'http.server_error';
/** How long errors are gathered before they are counted in the database. */
const GATHER_MS = 1_000;
/**
 * Counts requests that were answered 500, by route and by what went wrong. They are gathered in
 * memory and counted once a second, so that a burst of ten thousand costs as many additions and one
 * row; each kind keeps one example.
 */
@Injectable()
export class ServerErrorService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('alerts');
  private readonly tally = new ErrorTally();
  private timer: NodeJS.Timeout | null = null;
  private counting: Promise<void> = Promise.resolve();
  private unwatch: () => void = () => undefined;

  constructor(
    private readonly faults: Faults,
    private readonly operator: OperatorService,
    private readonly intake: AlertIntakeService,
    private readonly database: DatabaseWatchService,
  ) {}

  onApplicationBootstrap(): void {
    this.unwatch = this.faults.watch({ serverError: (fault) => this.gather(fault) });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.unwatch();
    if (this.timer) clearTimeout(this.timer);
    await this.count();
  }

  /** Counts what was gathered so far in the database; what it does not take waits. */
  count(): Promise<void> {
    this.counting = this.counting.then(() => this.countGathered());
    return this.counting;
  }

  private gather(fault: ServerError): void {
    this.tally.count(fault);
    this.countSoon();
  }

  private countSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      void this.count();
    }, GATHER_MS);
    this.timer.unref();
  }

  private async countGathered(): Promise<void> {
    if (this.tally.isEmpty) return;
    // An error that the outage made is judged after the outage is recorded.
    if (this.database.isDown) return this.countSoon();
    const gathered = this.tally.take();
    try {
      await this.operator.run('operational-alerts.server-errors', () => this.record(gathered));
    } catch (error) {
      this.log.warn({ message: 'server errors wait to be counted', error: String(error) });
      this.tally.putBack(gathered);
      this.countSoon();
    }
  }

  private async record(gathered: Map<string, Gathered>): Promise<void> {
    for (const [key, { count, first, lastAt }] of gathered) {
      const { at: firstAt, method, route, requestId } = first;
      await this.intake.record(TYPE, key, {
        ...{ count, firstAt, lastAt },
        label: key === OTHERS ? 'further errors' : `${method} ${route}`,
        details: { method, route, requestId, error: textOf(first.error) },
      });
      // Counted: should a later one fail, this one does not count again.
      gathered.delete(key);
    }
  }
}
