import { Injectable } from '@nestjs/common';
import {
  cashPiece,
  currentActor,
  Database,
  defineList,
  Events,
  Forbidden,
  Problem,
  Records,
} from '#kernel';
import type { EventDefinition, Page } from '#kernel';
import { CustomerService } from '#modules/sales';
import type { CashSession } from '../cash-session/cash-session.entity.js';
import { CashSessionService } from '../cash-session/cash-session.service.js';
import { Entry } from '../entry/entry.entity.js';
import { MONEY_METHODS } from '../payment/payment.entity.js';
import { PaymentReversedAlready, RefundExceedsPayment } from '../payment/payment.problems.js';
import { tenderedOf } from '../payment/payment.tendered.js';
import { PrepaidAccount } from './prepaid-account.entity.js';
import { PREPAID_KINDS, PrepaidEntry } from './prepaid-entry.entity.js';
import { factsOf, PrepaidLedgerService, subjectOf } from './prepaid-ledger.service.js';
import * as events from './prepaid.events.js';
import type { Prepay, RefundPrepayment, VoidPrepayment } from './prepaid.input.js';
import { NotAPrepayment } from './prepaid.problems.js';

const filters = {
  cashSessionId: 'id',
  branchId: 'id',
  cashierId: 'id',
  kind: PREPAID_KINDS,
  method: MONEY_METHODS,
  amount: 'integer',
  paymentId: 'id',
  reversesId: 'id',
  businessDate: 'day',
  createdAt: 'instant',
} as const;

/** What clients may ask of the prepaid entries of all customers. */
export const prepaidEntryList = defineList({
  entity: PrepaidEntry,
  filters: { customerId: 'id', ...filters },
  sorts: ['createdAt', 'amount'],
  sort: '-createdAt',
});

/** What clients may ask of one customer's ledger. */
export const prepaidLedgerList = defineList({
  entity: PrepaidEntry,
  filters,
  sorts: ['sequence'],
  sort: '-sequence',
});

/** A customer's balance and a page of its ledger. */
export interface PrepaidBalance {
  readonly customerId: string;
  readonly balance: number;
  readonly page: Page<PrepaidEntry>;
}

/** The permission to pay prepaid money out, and to take a prepayment back after its session. */
export const REFUND_PREPAID = 'payments.prepaid.refund';

const CASH_OF_ACCOUNT = `SELECT coalesce(sum(amount), 0) AS cash FROM payments_prepaid_entry
  WHERE company_id = $1 AND customer_id = $2 AND method = 'cash'`;

type Query = Readonly<Record<string, unknown>>;

/** Money that customers pay ahead. Every path locks the account first, then the session. */
@Injectable()
export class PrepaidService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly customers: CustomerService,
    private readonly sessions: CashSessionService,
    private readonly ledger: PrepaidLedgerService,
  ) {}

  async list(query: Query): Promise<Page<PrepaidEntry>> {
    return this.database.transaction(() => this.records.page(prepaidEntryList, query));
  }

  /**
   * What a customer has left, whoever took it, and the entries that the actor may see; both of one
   * moment.
   *
   * @throws Problem NotFound
   */
  async balance(customerId: string, query: Query): Promise<PrepaidBalance> {
    return this.database.snapshot(async () => {
      const { id } = await this.customers.show(customerId);
      const account = await this.records.find(PrepaidAccount, { id });
      const page = await this.records.page(prepaidLedgerList, query, { customerId: id });
      return { customerId: id, balance: account?.balance ?? 0, page };
    });
  }

  /**
   * Takes money ahead, into an open session within the actor's reach.
   *
   * @throws Problem NotFound, CustomerInactive, CashSessionNotOpen, TenderedTooLittle,
   *   ChangeOnlyFromCash, PrepaidTooMuch
   */
  async prepay(customerId: string, input: Prepay): Promise<PrepaidEntry> {
    return this.database.transaction(async () => {
      await this.customers.demandActive(customerId);
      const account = await this.ledger.open(customerId);
      const session = await this.sessions.holdOpen(input.cashSessionId);
      const { method, amount, reference = null } = input;
      const collected = method === 'cash' ? await this.cashFor(account, amount) : amount;
      const tendered = tenderedOf(input, collected);
      const entry = await this.enter(account, session, {
        ...{ kind: 'prepay', method, amount, collected, tendered, reference },
        ...{ change: tendered - collected, reason: null, reversesId: null },
      });
      await this.announce(events.PrepaidReceived, entry, { method });
      return entry;
    });
  }

  /**
   * Takes a prepayment back whole, because it was a mistake: in its own session while that is
   * open; afterwards, with the permission to refund, by a contra entry in the actor's open session.
   *
   * @throws Problem NotFound, NotAPrepayment, PaymentReversedAlready, NotEnoughPrepaid (it is
   *   spent), NoOpenCashSession, Forbidden
   */
  async void(id: string, { reason }: VoidPrepayment): Promise<PrepaidEntry> {
    return this.database.transaction(async () => {
      const { prepayment, account, standing } = await this.hold(id);
      const own = await this.sessions.holdIfOpen(prepayment.cashSessionId);
      if (!own && !currentActor().permissions.has(REFUND_PREPAID)) throw new Problem(Forbidden);
      const session = own ?? (await this.sessions.holdOwnOpen());
      const draft = { kind: 'prepay_void', amount: -standing, reason } as const;
      const entry = await this.giveBack(prepayment, account, session, draft);
      await this.announce(events.PrepaidVoided, entry, moneyBack(prepayment));
      return entry;
    });
  }

  /**
   * Pays a part or all that stands of a prepayment out to the customer, by its own method, out of
   * the actor's open session.
   *
   * @throws Problem NotFound, NotAPrepayment, PaymentReversedAlready, RefundExceedsPayment,
   *   NotEnoughPrepaid (it is spent), NoOpenCashSession
   */
  async refund(id: string, { amount, reason }: RefundPrepayment): Promise<PrepaidEntry> {
    return this.database.transaction(async () => {
      const { prepayment, account, standing } = await this.hold(id);
      if (amount > standing) {
        throw new Problem(RefundExceedsPayment, { extra: { remaining: standing } });
      }
      const session = await this.sessions.holdOwnOpen();
      const draft = { kind: 'prepay_refund', amount: -amount, reason } as const;
      const entry = await this.giveBack(prepayment, account, session, draft);
      await this.announce(events.PrepaidRefunded, entry, moneyBack(prepayment));
      return entry;
    });
  }

  /** Locks the account of a prepayment. What stands of it is summed under that lock. */
  private async hold(
    id: string,
  ): Promise<{ prepayment: PrepaidEntry; account: PrepaidAccount; standing: number }> {
    const prepayment = await this.records.get(PrepaidEntry, id);
    if (prepayment.kind !== 'prepay') throw new Problem(NotAPrepayment);
    const account = await this.ledger.hold(prepayment.customerId);
    const back = await this.records.allBeyondRules(PrepaidEntry, { reversesId: id });
    const standing = back.reduce((sum, entry) => sum + entry.amount, prepayment.amount);
    if (standing === 0) throw new Problem(PaymentReversedAlready);
    return { prepayment, account, standing };
  }

  private async giveBack(
    prepayment: PrepaidEntry,
    account: PrepaidAccount,
    session: CashSession,
    draft: Pick<PrepaidEntry, 'kind' | 'amount' | 'reason'>,
  ): Promise<PrepaidEntry> {
    const { id: reversesId, method, reference } = prepayment;
    const { amount } = draft;
    const collected = method === 'cash' ? await this.cashFor(account, amount) : amount;
    return this.enter(account, session, {
      ...draft,
      ...{ method, collected, tendered: 0, change: 0, reference, reversesId },
    });
  }

  /** Cash that changes hands: all the cash of an account is rounded together (Ley 20.956). */
  private async cashFor(account: PrepaidAccount, amount: number): Promise<number> {
    const parameters = [this.database.companyId, account.id];
    const [row] = await this.database.rows<{ cash: string }>(CASH_OF_ACCOUNT, parameters);
    return cashPiece(Number(row?.cash ?? 0), amount);
  }

  /** Writes the entry, and the rounding of cash as an entry of the session. */
  private async enter(
    account: PrepaidAccount,
    session: CashSession,
    draft: Omit<Parameters<PrepaidLedgerService['post']>[2], 'paymentId'>,
  ): Promise<PrepaidEntry> {
    const { id: cashSessionId, branchId, cashierId, businessDate } = session;
    const place = { cashSessionId, branchId, cashierId, businessDate };
    const entry = await this.ledger.post(account, place, { ...draft, paymentId: null });
    const rounding = (entry.collected ?? 0) - entry.amount;
    if (rounding !== 0) {
      await this.records.insert(Entry, {
        ...{ cashSessionId, cashierId, kind: 'rounding', amount: rounding, reason: null },
        ...{ paymentId: null, prepaidEntryId: entry.id, undoesId: null },
        actorId: currentActor().userId,
      });
    }
    return entry;
  }

  private async announce<P extends object>(
    event: EventDefinition<events.PrepaidFacts & P>,
    entry: PrepaidEntry,
    more: P,
  ): Promise<void> {
    const { reason, balanceAfter, amount } = entry;
    await this.events.publish(event, {
      subject: subjectOf(entry),
      payload: { ...factsOf(entry), ...more },
      changes: { balance: { before: balanceAfter - amount, after: balanceAfter } },
      reason,
    });
  }
}

function moneyBack({ id, method }: PrepaidEntry): { method: string; reversesId: string } {
  return { method: method ?? '', reversesId: id };
}
