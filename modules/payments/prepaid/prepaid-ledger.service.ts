import { Injectable } from '@nestjs/common';
import { Clock, Database, Events, Problem, Records } from '#kernel';
import type { Subject } from '#kernel';
import type { Payment } from '../payment/payment.entity.js';
import { PrepaidAccount } from './prepaid-account.entity.js';
import { PrepaidEntry } from './prepaid-entry.entity.js';
import type { PrepaidFacts } from './prepaid.events.js';
import { PrepaidRestored, PrepaidSpent } from './prepaid.events.js';
import { NotEnoughPrepaid, OrderWithoutCustomer } from './prepaid.problems.js';

/** The session in which an entry happens. */
type Place = Pick<PrepaidEntry, 'cashSessionId' | 'branchId' | 'cashierId' | 'businessDate'>;

/** What an entry says besides its place in the ledger. */
type EntryDraft = Omit<
  PrepaidEntry,
  'id' | 'companyId' | 'createdAt' | 'customerId' | 'sequence' | 'balanceAfter' | keyof Place
>;

/** An entry that is no money: only the balance moves. */
const NO_MONEY = { method: null, collected: null, tendered: null, change: null, reference: null };

/**
 * The prepaid accounts, and the only way to write in their ledger. An account's row is locked
 * after order and payment and before the cash session: whoever needs it takes it there.
 */
@Injectable()
export class PrepaidLedgerService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  /** The customer's account, locked until the transaction ends; made when there is none yet. */
  async open(customerId: string): Promise<PrepaidAccount> {
    const known = await this.records.find(PrepaidAccount, { id: customerId }, 'update');
    if (known) return known;
    // Two first prepayments at once: the second waits here for the first, and then finds its row. No key is
    // named: the row stands under two, and by the other one the second would be refused.
    await this.database.write(
      `INSERT INTO payments_prepaid_account (id, company_id, created_at, updated_at, version, balance, entries)
       VALUES ($1, $2, $3, $3, 1, 0, 0) ON CONFLICT DO NOTHING`,
      [customerId, this.database.companyId, this.clock.now()],
    );
    return this.records.get(PrepaidAccount, customerId, 'update');
  }

  /**
   * The account that is to pay for a customer's order, locked until the transaction ends.
   *
   * @throws Problem OrderWithoutCustomer, NotEnoughPrepaid (also when there is no account)
   */
  async hold(customerId: string | null): Promise<PrepaidAccount> {
    if (customerId === null) throw new Problem(OrderWithoutCustomer);
    const account = await this.records.find(PrepaidAccount, { id: customerId }, 'update');
    if (!account) throw new Problem(NotEnoughPrepaid);
    return account;
  }

  /** The account that a payment was paid from, locked, and the entry that did. */
  async holdPayer(paymentId: string): Promise<{ account: PrepaidAccount; spent: PrepaidEntry }> {
    const [spent] = await this.records.allBeyondRules(PrepaidEntry, { paymentId });
    if (!spent) throw new Error('A prepaid payment has an entry that paid it.');
    return { account: await this.hold(spent.customerId), spent };
  }

  /** Writes one entry, in the session that it names. @throws Problem NotEnoughPrepaid, PrepaidTooMuch */
  async post(account: PrepaidAccount, place: Place, draft: EntryDraft): Promise<PrepaidEntry> {
    const sequence = account.move(draft.amount);
    await this.records.store(account);
    const { cashSessionId, branchId, cashierId, businessDate } = place;
    return this.records.insert(PrepaidEntry, {
      ...draft,
      ...{ cashSessionId, branchId, cashierId, businessDate },
      ...{ customerId: account.id, sequence, balanceAfter: account.balance },
    });
  }

  /**
   * A charge spends the balance of the order's customer.
   *
   * @throws Problem OrderWithoutCustomer, NotEnoughPrepaid
   */
  async spend(payment: Payment, customerId: string | null): Promise<void> {
    const account = await this.hold(customerId);
    const entry = await this.post(account, payment, {
      ...NO_MONEY,
      ...{ kind: 'spend', amount: -payment.amount, paymentId: payment.id },
      ...{ reversesId: null, reason: null },
    });
    const { orderId } = payment;
    await this.events.publish(PrepaidSpent, {
      subject: subjectOf(entry),
      payload: { ...factsOf(entry), paymentId: payment.id, orderId },
    });
  }

  /** A void or refund of a prepaid charge puts its amount back to where it came from. */
  async restore(payment: Payment, chargeId: string): Promise<void> {
    const { account, spent } = await this.holdPayer(chargeId);
    const { reason, orderId } = payment;
    const entry = await this.post(account, payment, {
      ...NO_MONEY,
      ...{ kind: 'restore', amount: -payment.amount, paymentId: payment.id },
      ...{ reversesId: spent.id, reason },
    });
    await this.events.publish(PrepaidRestored, {
      subject: subjectOf(entry),
      payload: { ...factsOf(entry), paymentId: payment.id, orderId, reversesId: spent.id },
      reason,
    });
  }
}

export function factsOf(entry: PrepaidEntry): PrepaidFacts {
  const { id: entryId, customerId, cashSessionId, branchId, amount } = entry;
  return { entryId, customerId, cashSessionId, branchId, amount };
}

/** The customer by the end of an id: the log keeps no names. */
export function subjectOf({ customerId }: PrepaidEntry): Subject {
  return {
    type: 'payments.prepaid_account',
    id: customerId,
    label: `prepaid ${customerId.slice(-6)}`,
  };
}
