import { Injectable } from '@nestjs/common';
import {
  businessDay,
  Clock,
  currentActor,
  Database,
  defineList,
  Events,
  Problem,
  Records,
} from '#kernel';
import type { Page, Subject } from '#kernel';
import { BranchService, RegisterService } from '#modules/base';
import { CASH_SESSION_STATES, CashSession } from './cash-session.entity.js';
import * as events from './cash-session.events.js';
import type { CloseCashSession, OpenCashSession } from './cash-session.input.js';
import { NoOpenCashSession } from './cash-session.problems.js';

/** What clients may ask of the cash sessions. */
export const cashSessionList = defineList({
  entity: CashSession,
  filters: {
    state: CASH_SESSION_STATES,
    branchId: 'id',
    registerId: 'id',
    cashierId: 'id',
    businessDate: 'day',
    createdAt: 'instant',
  },
  sorts: ['createdAt', 'businessDate'],
  sort: '-createdAt',
});

/** Opening, ending and closing of cash sessions. */
@Injectable()
export class CashSessionService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly branches: BranchService,
    private readonly registers: RegisterService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<CashSession>> {
    return this.database.transaction(() => this.records.page(cashSessionList, query));
  }

  async show(id: string): Promise<CashSession> {
    return this.database.transaction(() => this.records.get(CashSession, id));
  }

  /** Opens the actor's session at a register. @throws Problem CashierHasSession, RegisterHasSession */
  async open(input: OpenCashSession): Promise<CashSession> {
    return this.database.transaction(async () => {
      const register = await this.registers.demandActive(input.registerId);
      await this.branches.demandActive(register.branchId);
      const session = await this.records.insert(CashSession, {
        branchId: register.branchId,
        registerId: register.id,
        cashierId: cashierId(),
        businessDate: businessDay(this.clock.now()),
        state: 'open',
        openingAmount: input.openingAmount,
        ...NOT_CLOSED,
      });
      const { openingAmount } = session;
      await this.events.publish(events.CashSessionOpened, {
        subject: subjectOf(session),
        payload: { ...factsOf(session), openingAmount },
      });
      return session;
    });
  }

  /** Takes no more payments. @throws Problem CashSessionNotOpen */
  async end(id: string): Promise<CashSession> {
    return this.database.transaction(async () => {
      const session = await this.records.get(CashSession, id, 'update');
      session.end(this.clock.now());
      await this.announceEnd(session);
      return session;
    });
  }

  /**
   * Closes with the counted cash; an open session is ended first. The row's exclusive lock waits
   * for every payment that is on its way into the session, and turns back those that come after.
   */
  async close(id: string, input: CloseCashSession): Promise<CashSession> {
    return this.database.transaction(async () => {
      const session = await this.records.get(CashSession, id, 'update');
      const now = this.clock.now();
      if (session.state === 'open') {
        session.end(now);
        await this.announceEnd(session);
      }
      session.close({
        now,
        by: currentActor().userId,
        expectedAmount: await this.expectedCash(session),
        countedAmount: input.countedAmount,
        note: input.note ?? null,
      });
      const changes = await this.records.store(session);
      const { expectedAmount, countedAmount, difference } = session;
      await this.events.publish(events.CashSessionClosed, {
        subject: subjectOf(session),
        payload: {
          ...factsOf(session),
          expectedAmount: expectedAmount ?? 0,
          countedAmount: countedAmount ?? 0,
          difference: difference ?? 0,
        },
        changes,
      });
      return session;
    });
  }

  /**
   * The actor's own open session, held against closing until the transaction ends. Payments
   * share this lock with each other; closing waits for them.
   *
   * @throws Problem NoOpenCashSession
   */
  async holdOwnOpen(): Promise<CashSession> {
    const where = { cashierId: cashierId(), state: 'open' as const };
    const session = await this.records.find(CashSession, where, 'share');
    if (!session) throw new Problem(NoOpenCashSession);
    return session;
  }

  /**
   * Whole pesos that must be in the drawer: float plus applied cash. Summed by the session's id
   * and never by a time window, and without the actor's record rules: what she may not see is
   * in the drawer all the same.
   */
  private async expectedCash(session: CashSession): Promise<number> {
    const [row] = await this.database.rows<{ cash: string }>(
      `SELECT coalesce(sum(amount), 0) AS cash FROM payments_payment
       WHERE company_id = $1 AND cash_session_id = $2 AND method = 'cash'`,
      [session.companyId, session.id],
    );
    return session.openingAmount + Number(row?.cash ?? 0);
  }

  private async announceEnd(session: CashSession): Promise<void> {
    const changes = await this.records.store(session);
    const payload = factsOf(session);
    await this.events.publish(events.CashSessionEnded, {
      subject: subjectOf(session),
      payload,
      changes,
    });
  }
}

const NOT_CLOSED = {
  endedAt: null,
  closedAt: null,
  closedBy: null,
  expectedAmount: null,
  countedAmount: null,
  note: null,
  dailyCutId: null,
};

function cashierId(): string {
  const { userId } = currentActor();
  if (userId === null) throw new Error('A cash session belongs to a person.');
  return userId;
}

function factsOf(session: CashSession): events.CashSessionFacts {
  const { id: cashSessionId, branchId, registerId, cashierId: cashier, businessDate } = session;
  return { cashSessionId, branchId, registerId, cashierId: cashier, businessDate };
}

function subjectOf(session: CashSession): Subject {
  const label = `cash session ${session.businessDate} ${session.id.slice(-6)}`;
  return { type: 'payments.cash_session', id: session.id, label };
}
