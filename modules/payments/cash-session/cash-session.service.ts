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
import type { EventDefinition, Page, Subject } from '#kernel';
import { BranchService, RegisterService } from '#modules/base';
import { PrepaidFiguresService } from '../prepaid/prepaid-figures.service.js';
import { ApprovalService } from './approval.service.js';
import type { HighDifference } from './approval.service.js';
import { sumOf } from './cash-session.denominations.js';
import { CASH_SESSION_STATES, CashSession, dayLock } from './cash-session.entity.js';
import type { Count } from './cash-session.entity.js';
import * as events from './cash-session.events.js';
import type { CloseCashSession, CountCash, OpenCashSession } from './cash-session.input.js';
import { CashNotCounted, CountDiffers, NoOpenCashSession } from './cash-session.problems.js';
import { cashOf, LedgerService } from './ledger.service.js';

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
    private readonly ledger: LedgerService,
    private readonly approvals: ApprovalService,
    private readonly prepaid: PrepaidFiguresService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<CashSession>> {
    return this.database.transaction(() => this.records.page(cashSessionList, query));
  }

  async show(id: string): Promise<CashSession> {
    return this.database.transaction(() => this.records.get(CashSession, id));
  }

  /** Opens the actor's session at a register. @throws Problem CashierHasSession, RegisterHasSession */
  async open(input: OpenCashSession): Promise<CashSession> {
    const { openingAmount, denominations = null } = input;
    if (denominations && sumOf(denominations) !== openingAmount) throw new Problem(CountDiffers);
    return this.database.transaction(async () => {
      const register = await this.registers.demandActive(input.registerId);
      await this.branches.demandActive(register.branchId);
      const day = businessDay(this.clock.now());
      // A cut of the day waits for this opening, or this opening for the cut.
      await this.database.lockName(dayLock(register.branchId, day), 'shared');
      const session = await this.records.insert(CashSession, {
        branchId: register.branchId,
        registerId: register.id,
        cashierId: cashierId(),
        businessDate: day,
        state: 'open',
        openingAmount,
        openingDenominations: denominations,
        openingDifference: await this.openingDifference(register.id, openingAmount),
        ...NOT_CLOSED,
      });
      const { openingDifference } = session;
      await this.events.publish(events.CashSessionOpened, {
        subject: subjectOf(session),
        payload: { ...factsOf(session), openingAmount, openingDifference },
      });
      return session;
    });
  }

  /** Takes no more payments. @throws Problem CashSessionNotOpen */
  async end(id: string): Promise<CashSession> {
    return this.database.transaction(async () => {
      const session = await this.records.get(CashSession, id, 'update');
      session.end(this.clock.now());
      await this.announce(events.CashSessionEnded, session);
      return session;
    });
  }

  /** Stores a count without closing; an open session is ended first. A manager may be the one who counts. */
  async count(id: string, input: CountCash): Promise<CashSession> {
    return this.database.transaction(async () => {
      const session = await this.records.get(CashSession, id, 'update');
      await this.endIfOpen(session);
      await this.take(session, input);
      return session;
    });
  }

  /** The actor answers for the difference of a session's count. @throws Problem OwnDifference, … */
  async approve(id: string): Promise<CashSession> {
    return this.database.transaction(async () => {
      const session = await this.records.get(CashSession, id, 'update');
      session.approve(cashierId());
      await this.announce(events.CashSessionApproved, session);
      return session;
    });
  }

  /**
   * Closes with the counted cash, or with the count that was stored before; an open session is
   * ended first. The row's exclusive lock waits for every payment that is on its way into the
   * session, and turns back those that come after.
   *
   * A close that is refused for its high difference leaves the session ended and counted: the
   * count is a fact, and whoever tries one after another is seen to do so.
   *
   * @throws Problem CashSessionClosedAlready, CashNotCounted, CountDiffers, CountedTooOften,
   *   DifferenceNeedsApproval, ApprovalRefused
   */
  async close(id: string, input: CloseCashSession): Promise<CashSession> {
    const approver = await this.approvals.prove(input.approval);
    return this.database.transaction(async () => {
      const session = await this.records.get(CashSession, id, 'update');
      const hasCount = input.countedAmount !== undefined || input.denominations !== undefined;
      await this.endIfOpen(session);
      if (hasCount) await this.take(session, input);
      const counted = session.demandCount();
      const expected = await this.ledger.expected(session);
      const difference = counted - cashOf(expected);
      const high = await this.approvals.judge(session, difference, approver);
      if (high && !high.approver) throw await this.refuse(session, high);
      session.close({
        now: this.clock.now(),
        by: currentActor().userId,
        expected,
        countedByMethod: input.countedByMethod ?? [],
        prepaid: await this.prepaid.of([session.id]),
        note: input.note ?? null,
      });
      if (high?.approver) session.approvedBy = high.approver.id;
      const changes = await this.records.store(session);
      if (high?.approver) {
        const { id: approvedBy, login: approverLogin } = high.approver;
        const { threshold } = high;
        await this.events.publish(events.CashSessionHighDifference, {
          subject: subjectOf(session),
          payload: { ...factsOf(session), difference, threshold, approvedBy, approverLogin },
        });
      }
      await this.events.publish(events.CashSessionClosed, {
        subject: subjectOf(session),
        payload: {
          ...factsOf(session),
          expectedAmount: session.expectedAmount ?? 0,
          countedAmount: session.countedAmount ?? 0,
          difference,
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

  /** An open session, held so. @throws Problem NotFound, CashSessionNotOpen */
  async holdOpen(id: string): Promise<CashSession> {
    const session = await this.records.get(CashSession, id, 'share');
    session.demandOpen();
    return session;
  }

  /** The session, held against closing until the transaction ends, if it is still open. */
  async holdIfOpen(id: string): Promise<CashSession | null> {
    return this.records.find(CashSession, { id, state: 'open' as const }, 'share');
  }

  private async openingDifference(registerId: string, amount: number): Promise<number | null> {
    const [last] = await this.database.rows<{ counted: string }>(
      `SELECT counted_amount AS counted FROM payments_cash_session
       WHERE company_id = $1 AND register_id = $2 AND state = 'closed'
       ORDER BY closed_at DESC LIMIT 1`,
      [this.database.companyId, registerId],
    );
    return last ? amount - Number(last.counted) : null;
  }

  /** Stores a count, unless it is the one before again. */
  private async take(session: CashSession, input: CountCash): Promise<void> {
    const isBlind = !(await this.approvals.seesExpected());
    if (!session.count(this.countOf(input, isBlind))) return;
    const changes = await this.records.store(session);
    await this.events.publish(events.CashSessionCounted, {
      subject: subjectOf(session),
      payload: { ...factsOf(session), countedAmount: session.demandCount() },
      changes,
    });
  }

  /** Nobody answers for the difference: it is told to the log, and to the caller what she may know. */
  private async refuse(session: CashSession, high: HighDifference): Promise<Problem> {
    const { difference, threshold } = high;
    const countedAmount = session.demandCount();
    await this.events.publish(events.CashSessionCloseRefused, {
      subject: subjectOf(session),
      payload: { ...factsOf(session), countedAmount, difference, threshold },
    });
    return this.approvals.refusal(high);
  }

  private countOf({ countedAmount, denominations }: CountCash, blind: boolean): Count {
    const sum = denominations ? sumOf(denominations) : null;
    const amount = countedAmount ?? sum;
    if (amount === null) throw new Problem(CashNotCounted);
    if (sum !== null && sum !== amount) throw new Problem(CountDiffers);
    const now = this.clock.now();
    const by = currentActor().userId;
    return { now, by, amount, denominations: denominations ?? null, blind };
  }

  private async endIfOpen(session: CashSession): Promise<void> {
    if (session.state !== 'open') return;
    session.end(this.clock.now());
    await this.announce(events.CashSessionEnded, session);
  }

  private async announce(
    event: EventDefinition<events.CashSessionFacts>,
    session: CashSession,
  ): Promise<void> {
    const changes = await this.records.store(session);
    const subject = subjectOf(session);
    await this.events.publish(event, { subject, payload: factsOf(session), changes });
  }
}

const NOT_CLOSED = {
  endedAt: null,
  closedAt: null,
  closedBy: null,
  expectedAmount: null,
  countedAmount: null,
  countedDenominations: null,
  countedBy: null,
  blindCounts: 0,
  approvedBy: null,
  byMethod: null,
  prepaid: null,
  note: null,
  dailyCutId: null,
};

function cashierId(): string {
  const { userId } = currentActor();
  if (userId === null) throw new Error('A cash session belongs to a person.');
  return userId;
}

export function factsOf(session: CashSession): events.CashSessionFacts {
  const { id: cashSessionId, branchId, registerId, cashierId: cashier, businessDate } = session;
  return { cashSessionId, branchId, registerId, cashierId: cashier, businessDate };
}

export function subjectOf(session: CashSession): Subject {
  const label = `cash session ${session.businessDate} ${session.id.slice(-6)}`;
  return { type: 'payments.cash_session', id: session.id, label };
}
