import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { AddonRegistry, Clock, Database, Records } from '#kernel';
import { fingerprintOf } from '../alert/alert.entity.js';
import { OperatorService } from '../alert/operator.service.js';
import { concerns, firstNotice, stepOf } from '../notification/notice.timing.js';
import type { NotificationItem } from '../notification/notification.entity.js';
import { NotificationService } from '../notification/notification.service.js';
import { SenderService } from '../notification/sender.service.js';
import type { Destination } from '../notification/sender.service.js';
import { Subscription } from '../notification/subscription.entity.js';
import type { SpoolEntry } from './spool.js';

/** How old what is known of the subscriptions may be when the database goes away. */
const REFRESH_MS = 60_000;
const FIRST_REFRESH_MS = 1_000;
const SOON_MS = 50;
const RETRY_MS = 3_000;
const MAX_RETRY_MS = 60_000;

interface Known {
  readonly subscription: Subscription;
  readonly destination: Destination;
}

/** How far telling one subscription of the incident has come. */
interface Line extends Known {
  nextAt: Date | null;
  toldAt: Date | null;
  failures: number;
  sending: boolean;
}

/**
 * Tells of an incident without the database, from what was known of the subscriptions a moment
 * before: at once and not in groups, otherwise by the same rules as always.
 */
@Injectable()
export class DirectNoticeService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('alerts');
  private known: readonly Known[] = [];
  private lines: Line[] = [];
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;
  private readonly sending = new Set<Promise<void>>();

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly clock: Clock,
    private readonly registry: AddonRegistry,
    private readonly operator: OperatorService,
    private readonly notifications: NotificationService,
    private readonly sender: SenderService,
  ) {}

  onApplicationBootstrap(): void {
    this.refreshIn(FIRST_REFRESH_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    await Promise.allSettled(this.sending);
  }

  /** Learns them at the next occasion; other processes do so within a minute. */
  refreshSoon(): void {
    if (this.timer) clearTimeout(this.timer);
    this.refreshIn(SOON_MS);
  }

  /** Learns the subscriptions of the operator's company, with their secrets opened. */
  async refresh(): Promise<void> {
    const found = await this.operator.run('operational-alerts.direct', () =>
      this.database.transaction(() => this.records.allBeyondRules(Subscription, { active: true })),
    );
    this.known = (found ?? []).flatMap((subscription) => {
      try {
        return [{ subscription, destination: this.notifications.destinationOf(subscription) }];
      } catch (error) {
        this.log.error({ message: 'a secret cannot be opened', error: String(error) });
        return [];
      }
    });
  }

  /** A new incident: nobody has been told. */
  begin(entry: SpoolEntry): void {
    const alert = { type: entry.type, severity: entry.severity ?? 'critical' };
    const now = this.clock.now();
    this.lines = this.known
      .filter(({ subscription }) => concerns(subscription, alert))
      .map((known) => {
        // Nothing is waited for to come along: this is the one thing to tell.
        const nextAt = firstNotice({ ...known.subscription, groupWaitSeconds: 0 }, now);
        return { ...known, nextAt, toldAt: null, failures: 0, sending: false };
      });
  }

  /**
   * Tells whoever is due to be told now. Never waits, never fails.
   *
   * @param onTold called when somebody took the notice
   */
  tell(entry: SpoolEntry, onTold: () => void): void {
    const now = this.clock.now();
    for (const line of this.lines) {
      if (line.sending || line.nextAt === null || line.nextAt > now) continue;
      const step = stepOf(line.subscription, tellingOf(entry), line.toldAt, [], now);
      if (step.act === 'wait') line.nextAt = step.until;
      if (step.act === 'tell') {
        line.sending = true;
        this.send(line, entry, now, () => {
          Object.assign(line, { toldAt: now, nextAt: step.nextAt, failures: 0 });
          onTold();
        });
      }
    }
  }

  /** Who was told, and since when. */
  told(): SpoolEntry['told'] {
    const told = this.lines.filter(({ toldAt }) => toldAt !== null);
    const first = told.map(({ toldAt }) => toldAt?.getTime() ?? 0).sort((a, b) => a - b)[0];
    if (first === undefined) return undefined;
    const subscriptionIds = told.map(({ subscription }) => subscription.id);
    return { subscriptionIds, at: new Date(first).toISOString() };
  }

  private send(line: Line, entry: SpoolEntry, now: Date, onSent: () => void): void {
    const { repeatMinutes, id: subscriptionId, name } = line.subscription;
    const items = [this.itemOf(entry, line.toldAt !== null)];
    const id = `${entry.id}.${subscriptionId}.${line.toldAt?.getTime() ?? 0}`;
    const sent = this.sender
      .send(line.destination, { id, at: now, items, more: 0, repeatMinutes })
      .then(onSent, (error: unknown) => {
        line.failures += 1;
        const wait = Math.min(RETRY_MS * 2 ** (line.failures - 1), MAX_RETRY_MS);
        line.nextAt = new Date(now.getTime() + wait);
        this.log.error({ message: 'nobody took the notice', name, error: String(error) });
      })
      .finally(() => {
        line.sending = false;
        this.sending.delete(sent);
      });
    this.sending.add(sent);
  }

  private itemOf(entry: SpoolEntry, again: boolean): NotificationItem {
    const definition = this.registry.alerts.find(({ type }) => type === entry.type);
    const { type, key, label, severity = definition?.severity ?? 'critical' } = entry;
    return {
      ...{ type, key, label, severity, again },
      alertId: entry.id,
      fingerprint: fingerprintOf(type, key),
      status: 'firing',
      summary: definition?.summary ?? { es: type, en: type },
      runbook: definition?.runbook ?? null,
      occurrences: entry.count,
      regression: false,
      openedAt: entry.firstAt,
      lastSeenAt: entry.lastAt,
      resolvedAt: null,
    };
  }

  private refreshIn(ms: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.refresh()
        // While the database is away, what was known before is the best there is.
        .catch(() => undefined)
        .finally(() => this.refreshIn(REFRESH_MS));
    }, ms);
    this.timer.unref();
  }
}

function tellingOf(entry: SpoolEntry): Parameters<typeof stepOf>[1] {
  return {
    type: entry.type,
    state: 'open',
    severity: entry.severity ?? 'critical',
    openedAt: new Date(entry.firstAt),
    lastSeenAt: new Date(entry.lastAt),
    resolvedAt: null,
  };
}
