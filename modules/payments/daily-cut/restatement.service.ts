import { Injectable } from '@nestjs/common';
import { Database, Events, newId, Records } from '#kernel';
import { CashSession, dayLock } from '../cash-session/cash-session.entity.js';
import { CutRestatement } from './cut-restatement.entity.js';
import { CutSumsService } from './cut-sums.service.js';
import { DailyCut } from './daily-cut.entity.js';
import { DailyCutRestated } from './daily-cut.events.js';
import { DailyCutService } from './daily-cut.service.js';

/** Rows of one kind from which texts are taken, and the sessions that they are in. */
export interface RowsToForget {
  readonly kind: 'payment' | 'prepaid' | 'entry' | 'session';
  readonly rows: readonly { readonly id: string; readonly cashSessionId: string }[];
}

const SESSIONS = `SELECT id, branch_id AS "branchId", business_date::text AS "businessDate",
    daily_cut_id AS "dailyCutId"
  FROM payments_cash_session WHERE company_id = $1 AND id = ANY($2) ORDER BY branch_id, business_date, id`;

interface SessionDay {
  readonly id: string;
  readonly branchId: string;
  readonly businessDate: string;
  readonly dailyCutId: string | null;
}

/** Takes texts out of money's rows, and restates the cuts that are hashes over them. */
@Injectable()
export class RestatementService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly cuts: DailyCutService,
    private readonly sums: CutSumsService,
  ) {}

  /**
   * In the caller's transaction. A cut that did not come out before is not restated: it stays a finding.
   *
   * @param own what names the person, as a regular expression: references that match go
   * @returns how many rows
   */
  async forget(given: readonly RowsToForget[], own: string | null): Promise<number> {
    const touched = new Set(given.flatMap(({ rows }) => rows.map((row) => row.cashSessionId)));
    const whole: DailyCut[] = [];
    for (const cut of await this.cutsOf([...touched])) {
      if (await this.cuts.comesOut(cut)) whole.push(cut);
    }
    let changed = 0;
    for (const { kind, rows } of given) {
      const [row] = await this.database.rows<{ n: number }>(
        'SELECT payments_forget_texts($1, $2, $3)::float8 AS n',
        [kind, rows.map(({ id }) => id), own],
      );
      changed += row?.n ?? 0;
    }
    for (const cut of whole) await this.restate(cut);
    return changed;
  }

  /** The cuts that sum these sessions; a day that is not cut yet is not cut meanwhile. */
  private async cutsOf(sessionIds: readonly string[]): Promise<DailyCut[]> {
    const sessions = (): Promise<SessionDay[]> =>
      this.database.rows<SessionDay>(SESSIONS, [this.database.companyId, sessionIds]);
    const days = (await sessions())
      .filter(({ dailyCutId }) => dailyCutId === null)
      .map(({ branchId, businessDate }) => dayLock(branchId, businessDate));
    // Shared: whoever opens a session goes on, whoever cuts waits.
    for (const day of new Set(days)) await this.database.lockName(day, 'shared');
    const ids = (await sessions()).flatMap(({ dailyCutId }) => dailyCutId ?? []);
    const cuts: DailyCut[] = [];
    for (const id of [...new Set(ids)].sort()) {
      cuts.push(...(await this.records.allBeyondRules(DailyCut, { id })));
    }
    return cuts;
  }

  private async restate(cut: DailyCut): Promise<void> {
    const sessions = await this.records.allBeyondRules(CashSession, { dailyCutId: cut.id });
    const previousHash = await this.cuts.hashOf(cut);
    const { rowsHash } = await this.sums.sum(sessions);
    if (previousHash === null || rowsHash === previousHash) return;
    const id = newId();
    await this.records.insert(CutRestatement, { id, dailyCutId: cut.id, previousHash, rowsHash });
    await this.events.publish(DailyCutRestated, {
      id,
      subject: { type: 'payments.daily_cut', id: cut.id, label: cut.businessDate },
      payload: { dailyCutId: cut.id, previousHash, rowsHash },
    });
  }
}
