import { join, resolve } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Clock, Config, Database, isId, kernelConfig, Round, sqlState } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { NoticeService } from '../notification/notice.service.js';
import { alertsConfig } from '../operational-alerts.config.js';
import { Spool } from './spool.js';
import type { SpoolEntry, Spooled } from './spool.js';

/** How long a taken id is remembered; a file is removed at once, so this is for crashes. */
const REMEMBERED_MS = 30 * 86_400_000;

/** Where the spool is: `ALERT_SPOOL`, or a folder beside the embedded database. */
export function spoolFolder(config: Config): string {
  const { OFITEC_HOME = '.ofitec' } = config.of(kernelConfig);
  return config.of(alertsConfig).ALERT_SPOOL ?? join(resolve(OFITEC_HOME), 'alerts');
}

/** Brings what was recorded without the database into it, each entry exactly once. */
@Injectable()
export class SpoolService {
  readonly spool: Spool;
  private readonly log = new Logger('alerts');

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly operator: OperatorService,
    private readonly intake: AlertIntakeService,
    private readonly notices: NoticeService,
    config: Config,
  ) {
    this.spool = new Spool(spoolFolder(config));
  }

  /** Also what a command or a dead process left behind. @throws Error while the database is away */
  @Round({ restMs: 5_000 })
  async replay(): Promise<void> {
    for (const spooled of this.spool.list()) {
      const fate = await this.attempt(spooled);
      if (fate === 'later') return;
      if (fate === 'taken') this.spool.remove(spooled);
      else this.spool.putAside(spooled);
    }
  }

  /** Forgets the ids that no file can bring back. */
  async forget(): Promise<void> {
    await this.database.rows('DELETE FROM operational_alerts_spooled WHERE created_at < $1', [
      new Date(this.clock.now().getTime() - REMEMBERED_MS),
    ]);
  }

  /** What the database will never take holds up nothing else. */
  private async attempt(spooled: Spooled): Promise<'taken' | 'later' | 'refused'> {
    try {
      return (await this.take(spooled)) ? 'taken' : 'later';
    } catch (error) {
      // SQLSTATE classes 22 and 23: a value that is none, a broken constraint.
      if (!/^2[23]/.test(sqlState(error) ?? '')) throw error;
      const { file } = spooled;
      this.log.error({ message: 'a spooled alert is put aside', file, error: String(error) });
      return 'refused';
    }
  }

  /** @returns false while there is no company to record it in */
  private async take({ file, entry }: Spooled): Promise<boolean> {
    const taken = await this.operator.run('operational-alerts.spool', () =>
      this.database.transaction(async () => {
        const isKnownType = this.knows(entry);
        if (!isKnownType) this.log.warn({ message: 'no addon knows what is spooled', file, entry });
        if (isKnownType && (await this.isFresh(entry))) await this.record(entry);
        return true;
      }),
    );
    return taken ?? false;
  }

  /** Whoever wrote the file may have written anything. */
  private knows({ id, type }: SpoolEntry): boolean {
    try {
      return isId(id) && this.intake.definitionOf(type).type === type;
    } catch {
      return false;
    }
  }

  private async isFresh({ id }: SpoolEntry): Promise<boolean> {
    const fresh = await this.database.rows(
      `INSERT INTO operational_alerts_spooled (id, company_id, created_at) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING RETURNING 1`,
      [id, this.database.companyId, this.clock.now()],
    );
    return fresh.length > 0;
  }

  private async record(entry: SpoolEntry): Promise<void> {
    const { type, key, count, label, details, severity, told } = entry;
    const lastAt = new Date(entry.lastAt);
    if (entry.good) return this.intake.good(type, key, lastAt);
    const alert = await this.intake.record(type, key, {
      ...{ count, label, lastAt, firstAt: new Date(entry.firstAt) },
      ...(details ? { details } : {}),
      ...(severity ? { severity } : {}),
    });
    if (told) await this.notices.noteTold(alert, told.subscriptionIds, new Date(told.at));
    return undefined;
  }
}
