import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clock, Database, Faults, newId } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { DirectNoticeService } from './direct-notice.service.js';
import type { SpoolEntry } from './spool.js';
import { SpoolService } from './spool.service.js';

const TYPE = 'database.unavailable';
/** The file that the processes of one machine share while the database is away. */
const SHARED = TYPE;

/** A suspicion is confirmed by so many questions, so far apart, each of which may take so long. */
const CONFIRMATIONS = 2;
const BETWEEN_MS = 250;
const PATIENCE_MS = 1_500;
/** How often it is asked whether the database is back, and then whether it stays. */
const LOOK_MS = 1_000;
const GOOD_SIGNS = 3;
/** How often the file says that the database is still away. */
const RENEW_MS = 5_000;
/** After so long without a word, whoever notified for this machine is taken for dead. */
const SILENT_MS = 15_000;

/**
 * Notices that the database is gone, from whatever fails for want of it, and makes sure: one lost
 * connection is no outage. While it lasts, one process of this machine notifies, and what happened is
 * kept in the spool; when the database is back it is recorded there, once.
 */
@Injectable()
export class DatabaseWatchService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('alerts');
  private readonly stopping = new AbortController();
  private unwatch: () => void = () => undefined;
  private watching: Promise<void> | null = null;
  private down = false;
  private first: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly faults: Faults,
    private readonly clock: Clock,
    private readonly operator: OperatorService,
    private readonly intake: AlertIntakeService,
    private readonly spools: SpoolService,
    private readonly direct: DirectNoticeService,
  ) {}

  /** Whether the database is known to be away. */
  get isDown(): boolean {
    return this.down;
  }

  onApplicationBootstrap(): void {
    this.unwatch = this.faults.watch({ databaseLost: (error) => this.suspect(error) });
    // What a process left behind that was killed; a worker also looks from time to time.
    this.first = setTimeout(() => void this.spools.replay().catch(() => undefined), LOOK_MS);
    this.first.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.unwatch();
    clearTimeout(this.first);
    this.stopping.abort();
    await this.watching;
  }

  private suspect(error: unknown): void {
    const since = this.clock.now();
    this.watching ??= this.watch(since, error)
      .catch((fault: unknown) =>
        this.log.error({ message: 'the watch over the database failed', error: String(fault) }),
      )
      .finally(() => {
        this.watching = null;
      });
  }

  private async watch(since: Date, error: unknown): Promise<void> {
    for (let asked = 0; asked < CONFIRMATIONS; asked += 1) {
      if (asked > 0) await this.rest(BETWEEN_MS);
      if (await this.answers()) return;
    }
    this.down = true;
    try {
      await this.endure(since, error);
    } finally {
      this.down = false;
    }
    await this.recover();
  }

  /** Until the database is back: keeps the file, and tells who is to be told. */
  private async endure(since: Date, error: unknown): Promise<void> {
    this.log.error({ message: 'the database is away', error: String(error) });
    const own = entryOf(since, error);
    let entry = this.keep(own);
    let notifies = entry.id === own.id;
    if (notifies) this.direct.begin(entry);
    for (let renewedAt = 0; !this.stopping.signal.aborted;) {
      if (!notifies && this.isAbandoned()) {
        notifies = true;
        this.direct.begin(entry);
      }
      entry = { ...entry, lastAt: this.clock.now().toISOString() };
      if (notifies) {
        const present = entry;
        // At once: should this process die now, the record of the outage is no news to them.
        this.direct.tell(present, () => this.write(present));
        if (Date.now() - renewedAt >= RENEW_MS) {
          this.write(entry);
          renewedAt = Date.now();
        }
      }
      await this.rest(LOOK_MS);
      if (await this.answers()) break;
    }
    if (notifies) this.write(entry);
  }

  /** Records what happened, and resolves it once the database has stayed for a while. */
  private async recover(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.log.warn('the database is back');
    await this.spools.replay();
    for (let signs = 0; signs < GOOD_SIGNS; signs += 1) {
      await this.rest(LOOK_MS);
      if (this.stopping.signal.aborted || !(await this.answers())) return;
      const at = this.clock.now();
      await this.operator.run('operational-alerts.database', () => this.intake.good(TYPE, '', at));
    }
  }

  private async answers(): Promise<boolean> {
    try {
      await this.database.reach(PATIENCE_MS);
      return true;
    } catch {
      return false;
    }
  }

  /** Without a place to write, the incident is told all the same. */
  private keep(entry: SpoolEntry): SpoolEntry {
    try {
      return this.spools.spool.share(SHARED, entry);
    } catch (error) {
      this.log.error({ message: 'the spool cannot be written', error: String(error) });
      return entry;
    }
  }

  private write(entry: SpoolEntry): void {
    const told = this.direct.told();
    try {
      this.spools.spool.renew(SHARED, told ? { ...entry, told } : entry);
    } catch (error) {
      this.log.error({ message: 'the spool cannot be written', error: String(error) });
    }
  }

  private isAbandoned(): boolean {
    const shared = this.spools.spool.list().find(({ file }) => file.startsWith(SHARED));
    return shared !== undefined && Date.now() - shared.writtenAt.getTime() > SILENT_MS;
  }

  private async rest(ms: number): Promise<void> {
    await sleep(ms, null, { signal: this.stopping.signal }).catch(() => null);
  }
}

function entryOf(since: Date, error: unknown): SpoolEntry {
  const at = since.toISOString();
  const code = (error as { code?: unknown } | null)?.code;
  return {
    id: newId(),
    type: TYPE,
    key: '',
    good: false,
    label: `seen from ${hostname()}`,
    severity: 'critical',
    count: 1,
    ...{ firstAt: at, lastAt: at },
    // The message may name hosts and roles; the code says enough.
    details: { node: hostname(), code: typeof code === 'string' ? code : 'unknown' },
  };
}
