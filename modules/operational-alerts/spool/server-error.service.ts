import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Faults } from '#kernel';
import type { ServerError } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { DatabaseWatchService } from './database-watch.service.js';

const TYPE = 'http.server_error';
/** How long errors are gathered before they are counted in the database. */
const GATHER_MS = 1_000;
/** Different errors gathered at once; any others are counted together. */
const MAX_KINDS = 100;
const MAX_STACK = 1_500;
const MAX_MESSAGE = 500;
/** What differs from one error of a kind to the next: quoted texts, ids, numbers. */
const VALUES = /"[^"]*"|'[^']*'|[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g;

/** Errors of one kind since they were last counted. */
interface Gathered {
  count: number;
  readonly first: ServerError;
  lastAt: Date;
}

/**
 * Counts requests that were answered 500, by route and by what went wrong. They are gathered in
 * memory and counted once a second, so that a burst of ten thousand costs as many additions and one
 * row; each kind keeps one example.
 */
@Injectable()
export class ServerErrorService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('alerts');
  private gathered = new Map<string, Gathered>();
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
    const wanted = keyOf(fault);
    const isKnown = this.gathered.has(wanted);
    const key = isKnown || this.gathered.size < MAX_KINDS ? wanted : 'others';
    const known = this.gathered.get(key);
    if (known) {
      known.count += 1;
      known.lastAt = fault.at;
    } else {
      this.gathered.set(key, { count: 1, first: fault, lastAt: fault.at });
    }
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
    if (this.gathered.size === 0) return;
    // An error that the outage made is judged after the outage is recorded.
    if (this.database.isDown) return this.countSoon();
    const { gathered } = this;
    this.gathered = new Map();
    try {
      await this.operator.run('operational-alerts.server-errors', () => this.record(gathered));
    } catch (error) {
      this.log.warn({ message: 'server errors wait to be counted', error: String(error) });
      this.putBack(gathered);
      this.countSoon();
    }
  }

  private async record(gathered: ReadonlyMap<string, Gathered>): Promise<void> {
    for (const [key, { count, first, lastAt }] of gathered) {
      const { at: firstAt, method, route, requestId } = first;
      await this.intake.record(TYPE, key, {
        ...{ count, firstAt, lastAt },
        label: key === 'others' ? 'further errors' : `${method} ${route}`,
        details: { method, route, requestId, error: textOf(first.error) },
      });
      // Counted: should a later one fail, this one does not count again.
      (gathered as Map<string, Gathered>).delete(key);
    }
  }

  private putBack(left: ReadonlyMap<string, Gathered>): void {
    for (const [key, old] of left) {
      const fresh = this.gathered.get(key);
      if (!fresh && this.gathered.size >= MAX_KINDS) continue;
      const count = old.count + (fresh?.count ?? 0);
      this.gathered.set(key, { count, first: old.first, lastAt: fresh?.lastAt ?? old.lastAt });
    }
  }
}

/** The route, and what went wrong without what differs from one request to the next. */
function keyOf({ method, route, error }: ServerError): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const kind = message.replaceAll(VALUES, '…');
  const frame = /\n\s+at [^\n]*/.exec(stack ?? '')?.[0].replaceAll(/:\d+:\d+/g, '') ?? '';
  const hash = createHash('sha256').update(`${name}\n${kind}\n${frame}`).digest('hex');
  return `${method} ${route} ${hash.slice(0, 12)}`.slice(-200);
}

/** Where it happened, and what without the values: they may be another company's, or a person's. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).replaceAll(VALUES, '…').slice(0, MAX_STACK);
  const frames = /\n\s+at [^]*/.exec(error.stack ?? '')?.[0] ?? '';
  const message = error.message.replaceAll(VALUES, '…').slice(0, MAX_MESSAGE);
  return `${error.name}: ${message}${frames}`.slice(0, MAX_STACK);
}
