import { Injectable } from '@nestjs/common';
import {
  businessDay,
  Clock,
  currentActor,
  Database,
  defineList,
  Events,
  pick,
  Problem,
  Records,
} from '#kernel';
import type { Page } from '#kernel';
import { BranchService } from '#modules/base';
import { CashSession } from '../cash-session/cash-session.entity.js';
import { PAYMENT_METHODS } from '../payment/payment.entity.js';
import type { PaymentMethod } from '../payment/payment.entity.js';
import { DailyCut } from './daily-cut.entity.js';
import type { SessionTotal, Tally } from './daily-cut.entity.js';
import { DailyCutMade } from './daily-cut.events.js';
import type { CutDay } from './daily-cut.input.js';
import { DayAlreadyCut, DayInFuture, SessionsNotClosed } from './daily-cut.problems.js';

/** What clients may ask of the daily cuts. */
export const dailyCutList = defineList({
  entity: DailyCut,
  filters: { branchId: 'id', businessDate: 'day', createdAt: 'instant' },
  sorts: ['createdAt', 'businessDate'],
  sort: '-createdAt',
});

interface SumRow {
  readonly cashSessionId: string;
  readonly method: PaymentMethod;
  readonly amount: string;
  readonly payments: number;
}

const SUMS = `SELECT cash_session_id AS "cashSessionId", method, sum(amount) AS amount,
    (count(*) FILTER (WHERE kind = 'charge'))::integer AS payments
  FROM payments_payment WHERE company_id = $1 AND cash_session_id = ANY($2)
  GROUP BY cash_session_id, method`;

/** The cut (corte) of a branch's business day: what its closed sessions took. */
@Injectable()
export class DailyCutService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly branches: BranchService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<DailyCut>> {
    return this.database.transaction(() => this.records.page(dailyCutList, query));
  }

  async show(id: string): Promise<DailyCut> {
    return this.database.transaction(() => this.records.get(DailyCut, id));
  }

  /**
   * Cuts the day. A day can be cut again only for sessions that were opened after the last cut,
   * and then sums just those: every session is in exactly one cut.
   *
   * @throws Problem SessionsNotClosed, DayAlreadyCut, DayInFuture, NotFound
   */
  async cut({ branchId, date }: CutDay): Promise<DailyCut> {
    return this.database.transaction(async () => {
      const branch = await this.branches.show(branchId);
      if (date > businessDay(this.clock.now())) throw new Problem(DayInFuture);
      await this.database.lockName(`payments.day ${branchId} ${date}`);
      const sessions = await this.records.allBeyondRules(CashSession, {
        branchId,
        businessDate: date,
      });
      const waiting = sessions.filter((session) => session.state !== 'closed');
      if (waiting.length > 0) {
        const cashSessionIds = waiting.map((session) => session.id);
        throw new Problem(SessionsNotClosed, { extra: { cashSessionIds } });
      }
      const earlier = await this.records.allBeyondRules(DailyCut, {
        branchId,
        businessDate: date,
      });
      const fresh = sessions.filter((session) => session.dailyCutId === null);
      if (earlier.length > 0 && fresh.length === 0) throw new Problem(DayAlreadyCut);

      const cut = await this.records.insert(DailyCut, {
        branchId,
        businessDate: date,
        sequence: earlier.length + 1,
        cutBy: currentActor().userId,
        ...(await this.sum(fresh)),
      });
      for (const session of fresh) {
        session.dailyCutId = cut.id;
        await this.records.store(session);
      }
      await this.events.publish(DailyCutMade, {
        subject: { type: 'payments.daily_cut', id: cut.id, label: `${branch.code} ${date}` },
        payload: { dailyCutId: cut.id, branchId, businessDate: date, total: cut.total },
      });
      return cut;
    });
  }

  private async sum(
    sessions: readonly CashSession[],
  ): Promise<Pick<DailyCut, 'total' | 'payments' | 'byMethod' | 'byCashier' | 'bySession'>> {
    const rows = await this.database.rows<SumRow>(SUMS, [
      this.database.companyId,
      sessions.map((session) => session.id),
    ]);
    const cashiers = [...new Set(sessions.map((session) => session.cashierId))].sort();
    const rowsOf = (session: CashSession): SumRow[] =>
      rows.filter((row) => row.cashSessionId === session.id);
    const { amount: total, payments } = tally(rows);
    return {
      total,
      payments,
      byMethod: PAYMENT_METHODS.map((method) => ({
        method,
        ...tally(rows.filter((row) => row.method === method)),
      })),
      byCashier: cashiers.map((cashierId) => ({
        cashierId,
        ...tally(sessions.filter((s) => s.cashierId === cashierId).flatMap(rowsOf)),
      })),
      bySession: sessions.map((session) => ({ ...figuresOf(session), ...tally(rowsOf(session)) })),
    };
  }
}

function tally(rows: readonly SumRow[]): Tally {
  return {
    amount: rows.reduce((sum, row) => sum + Number(row.amount), 0),
    payments: rows.reduce((sum, row) => sum + row.payments, 0),
  };
}

function figuresOf(session: CashSession): Omit<SessionTotal, keyof Tally> {
  return {
    ...pick(session, 'cashierId', 'registerId', 'openingAmount'),
    cashSessionId: session.id,
    expectedAmount: session.expectedAmount ?? 0,
    countedAmount: session.countedAmount ?? 0,
    difference: session.difference ?? 0,
  };
}
