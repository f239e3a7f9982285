import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Subject } from '../events/event.js';
import { Events } from '../events/events.js';
import { toProblem } from '../http/problem-writer.js';
import { Clock } from '../values/clock.js';
import { houseActor, runAsHouse, runInContext } from './context.js';
import { AccessDenied, DenialsSuppressed } from './denial.js';
import type { Denial, Suppression } from './denial.js';
import { Denials } from './denials.js';

const PERIOD_MS = 1_000;

/** Who acts when nobody is proven; no login may look so. */
const ANONYMOUS = '(anonymous)';

/** What goes to one company's audit. */
interface Batch {
  readonly denials: readonly Denial[];
  readonly suppressions: readonly Suppression[];
}

/**
 * Stores denials as events, some at a time and after the answer: neither the refused transaction
 * nor the time of the answer has anything to do with it. The company is that of the proven user,
 * or of the user whose password was tried, or the only one of the installation. A stranger at the
 * door of several companies is no company's affair: that is in the operator's log alone.
 */
@Injectable()
export class DenialJournal implements BeforeApplicationShutdown {
  private readonly log = new Logger('security');
  private timer: NodeJS.Timeout | undefined;
  private storing: Promise<void> = Promise.resolve();

  constructor(
    private readonly denials: Denials,
    private readonly database: Database,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  /** Stores every second what has come. */
  start(): void {
    this.timer ??= setInterval(() => void this.store(), PERIOD_MS).unref();
  }

  /** Stores what has come so far. Never fails: what the database does not take waits. */
  store(): Promise<void> {
    this.storing = this.storing.then(() => this.storeTaken(this.clock.now().getTime()));
    return this.storing;
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.storing;
    // The present minute is as good as over.
    await this.storeTaken(Number.MAX_SAFE_INTEGER);
  }

  private async storeTaken(now: number): Promise<void> {
    const { denials, suppressions } = this.denials.take(now);
    if (denials.length + suppressions.length === 0) return;
    let batches = new Map<string, Batch>();
    try {
      batches = await this.byCompany(denials, suppressions);
    } catch {
      return this.denials.putBack(denials, suppressions);
    }
    for (const [companyId, batch] of batches) {
      try {
        await runAsHouse(companyId, 'kernel.denials', () => this.storeOf(companyId, batch));
      } catch (error) {
        this.keepOrDrop(batch, error);
      }
    }
  }

  /** What the database will never take must not stand in the way of the rest. */
  private keepOrDrop(batch: Batch, error: unknown): void {
    const isLater = toProblem(error).definition.status === 503;
    if (isLater) this.denials.putBack(batch.denials, batch.suppressions);
    const count = batch.denials.length + batch.suppressions.length;
    const message = isLater
      ? 'denied attempts wait to be stored'
      : 'denied attempts are not stored';
    this.log.warn({ message, count, error: String(error) });
  }

  private async byCompany(
    denials: readonly Denial[],
    suppressions: readonly Suppression[],
  ): Promise<Map<string, Batch>> {
    const only = await this.onlyCompany();
    const batches = new Map<string, { denials: Denial[]; suppressions: Suppression[] }>();
    const batchOf = (companyId: string) => {
      const batch = batches.get(companyId) ?? { denials: [], suppressions: [] };
      batches.set(companyId, batch);
      return batch;
    };
    for (const denial of denials) {
      const companyId = denial.actor?.companyId ?? denial.claim?.companyId ?? only;
      if (companyId !== null) batchOf(companyId).denials.push(denial);
    }
    for (const suppression of suppressions) {
      const companyId = suppression.companyId ?? only;
      if (companyId !== null) batchOf(companyId).suppressions.push(suppression);
    }
    return batches;
  }

  private async onlyCompany(): Promise<string | null> {
    const companies = await this.database.rowsWithoutCompany<{ id: string }>(
      'SELECT id FROM kernel_company LIMIT 2',
    );
    return companies.length === 1 ? (companies[0]?.id ?? null) : null;
  }

  private async storeOf(companyId: string, batch: Batch): Promise<void> {
    await this.database.transaction(async () => {
      for (const denial of batch.denials) {
        const { requestId, ip } = denial;
        const actor = denial.actor ?? houseActor(companyId, ANONYMOUS);
        await runInContext({ requestId, ip, language: 'es', actor }, () =>
          this.publish(denial, subjectOf(denial, companyId)),
        );
      }
      for (const { from, until, count, codes } of batch.suppressions) {
        await this.events.publish(DenialsSuppressed, {
          subject: { type: 'kernel.access', id: companyId, label: `${count} requests` },
          payload: { from: from.toISOString(), until: until.toISOString(), count, codes },
        });
      }
    });
  }

  private publish(denial: Denial, subject: Subject): Promise<void> {
    const { at, status, code, method, route } = denial;
    const payload = { at: at.toISOString(), status, code, method, route };
    return this.events.publish(AccessDenied, { subject, payload });
  }
}

/** Whose password was tried, if that is this company's affair: a foreign login stays unknown to it. */
function subjectOf({ actor, claim, method, route }: Denial, companyId: string): Subject {
  if (claim?.companyId === companyId) return claim.subject;
  const id = actor?.userId ?? companyId;
  return { type: 'kernel.access', id, label: `${method} ${route}` };
}
