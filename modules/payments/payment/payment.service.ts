import { Injectable } from '@nestjs/common';
import {
  cashPiece,
  currentActor,
  Database,
  defineList,
  demandStepUp,
  Events,
  Forbidden,
  Problem,
  Records,
} from '#kernel';
import type { Changes, EventDefinition, Page } from '#kernel';
import { OrderService } from '#modules/sales';
import type { Order } from '#modules/sales';
import type { CashSession } from '../cash-session/cash-session.entity.js';
import { CashSessionService } from '../cash-session/cash-session.service.js';
import { Entry } from '../entry/entry.entity.js';
import { PrepaidLedgerService } from '../prepaid/prepaid-ledger.service.js';
import { Payment, PAYMENT_KINDS, PAYMENT_METHODS } from './payment.entity.js';
import * as events from './payment.events.js';
import type { EditPayment, RefundPayment, RegisterPayment, VoidPayment } from './payment.input.js';
import { PaymentInClosedSession } from './payment.problems.js';
import { tenderedOf } from './payment.tendered.js';

/** What clients may ask of the payments. */
export const paymentList = defineList({
  entity: Payment,
  filters: {
    orderId: 'id',
    cashSessionId: 'id',
    branchId: 'id',
    cashierId: 'id',
    kind: PAYMENT_KINDS,
    method: PAYMENT_METHODS,
    amount: 'integer',
    reference: 'text',
    reversesId: 'id',
    businessDate: 'day',
    createdAt: 'instant',
  },
  sorts: ['createdAt', 'amount'],
  sort: '-createdAt',
});

/** The permission to take money back once the session that took it has ended. */
export const REFUND = 'payments.payment.refund';

const CASH_OF_ORDER = `SELECT coalesce(sum(amount), 0) AS cash FROM payments_payment
  WHERE company_id = $1 AND order_id = $2 AND method = 'cash'`;

type Charge = Pick<RegisterPayment, 'orderId' | 'method' | 'amount' | 'tendered' | 'reference'>;

/**
 * Money on its way into orders and back. Every path locks the order first, then the payment, then
 * the prepaid account where one pays or is paid back, then the session.
 */
@Injectable()
export class PaymentService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly orders: OrderService,
    private readonly sessions: CashSessionService,
    private readonly prepaid: PrepaidLedgerService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Payment>> {
    return this.database.transaction(() => this.records.page(paymentList, query));
  }

  async show(id: string): Promise<Payment> {
    return this.database.transaction(() => this.records.get(Payment, id));
  }

  /**
   * Applies money to an order, in the actor's open session: money that comes in, or what the
   * order's customer has paid ahead.
   *
   * @throws Problem PaymentExceedsBalance, NoOpenCashSession, TenderedTooLittle, NotEnoughPrepaid, …
   */
  async register(input: RegisterPayment): Promise<Payment> {
    return this.database.transaction(async () => {
      const { order, session, cashBefore } = await this.holdFor(input);
      const payment = await this.charge(session, order, input, { cashBefore, replacesId: null });
      const after = order.paidAmount;
      await this.announce(events.PaymentCreated, payment, order.ticket, {
        changes: { paidAmount: { before: after - payment.amount, after } },
      });
      return payment;
    });
  }

  /**
   * Puts another charge in the place of one whose session is open: the first is voided, the
   * second stands, both rows stay.
   *
   * @throws Problem PaymentInClosedSession, PaymentReversedAlready, PaymentExceedsBalance, Stale
   */
  async edit(id: string, input: EditPayment, version: number): Promise<Payment> {
    return this.database.transaction(async () => {
      const { charge, order } = await this.holdCharge(id);
      this.records.matchVersion(charge, version);
      const { method = charge.method } = input;
      if (method === 'prepaid') await this.prepaid.hold(order.customerId);
      const session = await this.sessions.holdIfOpen(charge.cashSessionId);
      if (!session) throw new Problem(PaymentInClosedSession);
      const taken = charge.reverseAll();
      const { id: voidId } = await this.takeBack(charge, session, 'void', taken, input.reason);
      const { amount = taken, tendered } = input;
      const reference = input.reference ?? charge.reference ?? undefined;
      await this.orders.applyPayment(charge.orderId, amount);
      const draft = { orderId: charge.orderId, method, amount };
      const optional = { ...(tendered && { tendered }), ...(reference && { reference }) };
      const cashBefore = await this.cashOf(charge.orderId);
      const further = { cashBefore, replacesId: charge.id };
      const payment = await this.charge(session, order, { ...draft, ...optional }, further);
      await this.announce(events.PaymentEdited, payment, order.ticket, {
        payload: { replacesId: charge.id, voidId },
        changes: {
          method: { before: charge.method, after: method },
          amount: { before: taken, after: amount },
        },
        reason: input.reason,
      });
      return payment;
    });
  }

  /**
   * Takes a charge back whole: in its own session while that is open; afterwards, with the
   * permission to refund and a recent proof of identity, by a contra entry in the actor's open
   * session.
   *
   * @throws Problem PaymentReversedAlready, NoOpenCashSession, Forbidden, auth.step-up-needed
   */
  async void(id: string, { reason }: VoidPayment): Promise<Payment> {
    return this.database.transaction(async () => {
      const { charge, order } = await this.holdCharge(id);
      const own = await this.sessions.holdIfOpen(charge.cashSessionId);
      if (!own && !currentActor().permissions.has(REFUND)) throw new Problem(Forbidden);
      if (!own) demandStepUp();
      const session = own ?? (await this.sessions.holdOwnOpen());
      const row = await this.takeBack(charge, session, 'void', charge.reverseAll(), reason);
      const event = own ? events.PaymentVoided : events.PaymentReversed;
      await this.announce(event, row, order.ticket, { payload: { reversesId: charge.id }, reason });
      return row;
    });
  }

  /**
   * Gives money of a charge back to the customer, out of the actor's open session. Once the session
   * of the charge has ended it demands a recent proof of identity, as voiding does.
   *
   * @throws Problem PaymentReversedAlready, RefundExceedsPayment, NoOpenCashSession,
   *   auth.step-up-needed
   */
  async refund(id: string, { amount, reason }: RefundPayment): Promise<Payment> {
    return this.database.transaction(async () => {
      const { charge, order } = await this.holdCharge(id);
      if (!(await this.sessions.holdIfOpen(charge.cashSessionId))) demandStepUp();
      const session = await this.sessions.holdOwnOpen();
      const taken = charge.reversePart(amount);
      const row = await this.takeBack(charge, session, 'refund', taken, reason);
      const payload = { reversesId: charge.id };
      await this.announce(events.PaymentRefunded, row, order.ticket, { payload, reason });
      return row;
    });
  }

  /** Applies a charge to its order and takes every lock that it needs, in the order of locks. */
  private async holdFor(
    input: RegisterPayment,
  ): Promise<{ order: Order; session: CashSession; cashBefore: number }> {
    const { orderId, method, amount } = input;
    if (method === 'prepaid') {
      const order = await this.orders.applyPayment(orderId, amount);
      await this.prepaid.hold(order.customerId);
      return { order, session: await this.sessions.holdOwnOpen(), cashBefore: 0 };
    }
    // Asked in one packet and answered in this order, so that the sum is read under the order's lock.
    const [order, session, cashBefore] = await Promise.all([
      this.orders.applyPayment(orderId, amount),
      this.sessions.holdOwnOpen(),
      method === 'cash' ? this.cashOf(orderId) : 0,
    ]);
    return { order, session, cashBefore };
  }

  /** Locks the order of a payment, then the payment, then the prepaid account that paid it. */
  private async holdCharge(id: string): Promise<{ charge: Payment; order: Order }> {
    const { orderId } = await this.records.get(Payment, id);
    const order = await this.orders.hold(orderId);
    const charge = await this.records.get(Payment, id, 'update');
    const isPaidAhead = charge.kind === 'charge' && charge.method === 'prepaid';
    if (isPaidAhead) await this.prepaid.holdPayer(charge.id);
    return { charge, order };
  }

  private async charge(
    session: CashSession,
    order: Order,
    input: Charge,
    { cashBefore, replacesId }: { cashBefore: number; replacesId: string | null },
  ): Promise<Payment> {
    const { orderId, method, amount, reference = null } = input;
    const collected = method === 'cash' ? cashPiece(cashBefore, amount) : amount;
    const tendered = tenderedOf(input, collected);
    const payment = await this.write(session, {
      ...{ orderId, kind: 'charge', method, amount, collected, tendered, reference, replacesId },
      change: tendered - collected,
      reason: null,
      reversesId: null,
    });
    if (method === 'prepaid') await this.prepaid.spend(payment, order.customerId);
    return payment;
  }

  private async takeBack(
    charge: Payment,
    session: CashSession,
    kind: 'void' | 'refund',
    amount: number,
    reason: string,
  ): Promise<Payment> {
    await this.records.store(charge);
    await this.orders.takeBackPayment(charge.orderId, amount);
    const { orderId, method, reference } = charge;
    const isCash = method === 'cash';
    const collected = isCash ? cashPiece(await this.cashOf(orderId), -amount) : -amount;
    const row = await this.write(session, {
      ...{ orderId, kind, method, amount: -amount, collected, reference, reason },
      tendered: 0,
      change: 0,
      reversesId: charge.id,
      replacesId: null,
    });
    if (method === 'prepaid') await this.prepaid.restore(row, charge.id);
    return row;
  }

  /**
   * What an order's cash rows apply together, in whole pesos. All its cash is rounded as one,
   * whoever took it and whenever: the order's lock keeps other pieces out meanwhile.
   */
  private async cashOf(orderId: string): Promise<number> {
    const parameters = [this.database.companyId, orderId];
    const [row] = await this.database.rows<{ cash: string }>(CASH_OF_ORDER, parameters);
    return Number(row?.cash ?? 0);
  }

  /** Writes the row, and the rounding of cash as an entry of its own (Ley 20.956). */
  private async write(
    session: CashSession,
    draft: Pick<
      Payment,
      | 'orderId'
      | 'kind'
      | 'method'
      | 'amount'
      | 'collected'
      | 'tendered'
      | 'change'
      | 'reference'
      | 'reason'
      | 'reversesId'
      | 'replacesId'
    >,
  ): Promise<Payment> {
    const { id: cashSessionId, branchId, cashierId, businessDate } = session;
    const place = { cashSessionId, branchId, cashierId, businessDate };
    const payment = await this.records.insert(Payment, { ...draft, ...place, reversedAmount: 0 });
    const rounding = payment.collected - payment.amount;
    if (rounding !== 0) {
      await this.records.insert(Entry, {
        ...{ cashSessionId, cashierId, kind: 'rounding', amount: rounding, paymentId: payment.id },
        reason: null,
        prepaidEntryId: null,
        undoesId: null,
        actorId: currentActor().userId,
      });
    }
    return payment;
  }

  private async announce<P extends object>(
    event: EventDefinition<events.PaymentFacts & P>,
    payment: Payment,
    ticket: string,
    more: { payload?: P; changes?: Changes; reason?: string },
  ): Promise<void> {
    const { id: paymentId, orderId, cashSessionId, branchId, method, amount } = payment;
    const facts = { paymentId, orderId, cashSessionId, branchId, method, amount };
    await this.events.publish(event, {
      subject: { type: 'payments.payment', id: paymentId, label: `${ticket} ${method}` },
      payload: { ...facts, ...more.payload } as events.PaymentFacts & P,
      ...(more.changes ? { changes: more.changes } : {}),
      reason: more.reason ?? null,
    });
  }
}
