import { Injectable } from '@nestjs/common';
import { currentActor, Database, defineList, Events, Problem, Records } from '#kernel';
import type { Page, Subject } from '#kernel';
import { ApprovalService } from '../cash-session/approval.service.js';
import { CashSession } from '../cash-session/cash-session.entity.js';
import { LedgerService } from '../cash-session/ledger.service.js';
import { Entry, MOVEMENT_TYPES } from './entry.entity.js';
import { CashMoved, CashOverdrawn, MovementUndone } from './entry.events.js';
import type { MovementFacts } from './entry.events.js';
import type { MoveCash, UndoMovement } from './entry.input.js';
import { NotAMovement, NotEnoughCash } from './entry.problems.js';

/** What clients may ask of the entries. */
export const entryList = defineList({
  entity: Entry,
  filters: {
    cashSessionId: 'id',
    cashierId: 'id',
    kind: [...MOVEMENT_TYPES, 'rounding'],
    paymentId: 'id',
    prepaidEntryId: 'id',
    amount: 'integer',
    createdAt: 'instant',
  },
  sorts: ['createdAt', 'amount'],
  sort: '-createdAt',
});

/** Cash that a person puts into a drawer or takes out of it. */
@Injectable()
export class EntryService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly ledger: LedgerService,
    private readonly approvals: ApprovalService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Entry>> {
    return this.database.transaction(() => this.records.page(entryList, query));
  }

  /**
   * Moves cash in an open session. The session's exclusive lock makes the check against what the
   * drawer holds final.
   *
   * @throws Problem NotFound, CashSessionNotOpen, NotEnoughCash (only to who may see that figure)
   */
  async move(cashSessionId: string, { type, amount, reason }: MoveCash): Promise<Entry> {
    return this.database.transaction(async () => {
      const session = await this.records.get(CashSession, cashSessionId, 'update');
      session.demandOpen();
      const signed = type === 'cash_in' ? amount : -amount;
      const entry = await this.enter(session, { kind: type, amount: signed, reason });
      await this.events.publish(CashMoved, {
        subject: subjectOf(entry),
        payload: factsOf(entry),
        reason,
      });
      return entry;
    });
  }

  /**
   * Takes a movement back by a contra entry in the same session, while that is open.
   *
   * @throws Problem NotFound, CashSessionNotOpen, NotAMovement, MovementUndoneAlready, NotEnoughCash
   */
  async undo(id: string, { reason }: UndoMovement): Promise<Entry> {
    return this.database.transaction(async () => {
      const moved = await this.records.get(Entry, id);
      if (moved.kind === 'rounding' || moved.undoesId) throw new Problem(NotAMovement);
      const session = await this.records.get(CashSession, moved.cashSessionId, 'update');
      session.demandOpen();
      const { kind } = moved;
      const draft = { kind, amount: -moved.amount, reason, undoesId: moved.id };
      const entry = await this.enter(session, draft);
      await this.events.publish(MovementUndone, {
        subject: subjectOf(entry),
        payload: { ...factsOf(entry), undoesId: moved.id },
        reason,
      });
      return entry;
    });
  }

  private async enter(
    session: CashSession,
    draft: Pick<Entry, 'kind' | 'amount' | 'reason'> & { undoesId?: string },
  ): Promise<Entry> {
    const left = draft.amount < 0 ? draft.amount + (await this.ledger.expectedCash(session)) : 0;
    if (left < 0 && (await this.approvals.seesExpected())) throw new Problem(NotEnoughCash);
    const entry = await this.records.insert(Entry, {
      ...draft,
      cashSessionId: session.id,
      cashierId: session.cashierId,
      paymentId: null,
      prepaidEntryId: null,
      undoesId: draft.undoesId ?? null,
      actorId: currentActor().userId,
    });
    // Refusing would tell whoever counts blindly what the drawer should hold, one try after another.
    if (left < 0) {
      const payload = { ...factsOf(entry), shortfall: -left };
      await this.events.publish(CashOverdrawn, { subject: subjectOf(entry), payload });
    }
    return entry;
  }
}

function factsOf({ id, cashSessionId, kind, amount }: Entry): MovementFacts {
  return { entryId: id, cashSessionId, kind, amount };
}

function subjectOf(entry: Entry): Subject {
  return { type: 'payments.entry', id: entry.id, label: `${entry.kind} ${entry.amount}` };
}
