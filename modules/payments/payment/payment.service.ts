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
import type { Changes, EventDefinition, Page } from '#kernel';
import { OrderService } from '#modules/sales';
import type { CashSession } from '../cash-session/cash-session.entity.js';
import { CashSessionService } from '../cash-session/cash-session.service.js';
import { Entry } from '../entry/entry.entity.js';
import { Payment, PAYMENT_KINDS, PAYMENT_METHODS } from './payment.entity.js';
import * as events from './payment.events.js';
import type { EditPayment, RefundPayment, RegisterPayment, VoidPayment } from './payment.input.js';
import {
  ChangeOnlyFromCash,
  PaymentInClosedSession,
  TenderedTooLittle,
} from './payment.problems.js';

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
 * the session.
 */
@Injectable()
export class PaymentService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly orders: OrderService,
    private readonly sessions: CashSessionService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Payment>> {
    return this.database.transaction(() => this.records.page(paymentList, query));
  }

  async show(id: string): Promise<Payment> {
    return this.database.transaction(() => this.records.get(Payment, id));
  }

  /**
   * Applies money to an order, in the actor's open session.
   *
   * @throws Problem PaymentExceedsBalance, NoOpenCashSession, TenderedTooLittle, …
   */
  async register(input: RegisterPayment): Promise<Payment> {
    return this.database.transaction(async () => {
      // Asked in one packet, locked in this order.
      const [order, session] = await Promise.all([
        this.orders.applyPayment(input.orderId, input.amount),
        this.sessions.holdOwnOpen(),
      ]);
      const payment = await this.charge(session, input, null);
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
      const { charge, ticket } = await this.holdCharge(id);
      this.records.matchVersion(charge, version);
      const session = await this.sessions.holdIfOpen(charge.cashSessionId);
      if (!session) throw new Problem(PaymentInClosedSession);
      const taken = charge.reverseAll();
      await this.takeBack(charge, session, 'void', taken, input.reason);
      const { method = charge.method, amount = taken, tendered } = input;
      const reference = input.reference ?? charge.reference ?? undefined;
      await this.orders.applyPayment(charge.orderId, amount);
      const draft = { orderId: charge.orderId, method, amount };
      const optional = { ...(tendered && { tendered }), ...(reference && { reference }) };
      const payment = await this.charge(session, { ...draft, ...optional }, charge.id);
      await this.announce(events.PaymentEdited, payment, ticket, {
        payload: { replacesId: charge.id },
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
   * permission to refund, by a contra entry in the actor's open session.
   *
   * @throws Problem PaymentReversedAlready, NoOpenCashSession, Forbidden
   */
  async void(id: string, { reason }: VoidPayment): Promise<Payment> {
    return this.database.transaction(async () => {
      const { charge, ticket } = await this.holdCharge(id);
      const own = await this.sessions.holdIfOpen(charge.cashSessionId);
      if (!own && !currentActor().permissions.has(REFUND)) throw new Problem(Forbidden);
      const session = own ?? (await this.sessions.holdOwnOpen());
      const row = await this.takeBack(charge, session, 'void', charge.reverseAll(), reason);
      const event = own ? events.PaymentVoided : events.PaymentReversed;
      await this.announce(event, row, ticket, { payload: { reversesId: charge.id }, reason });
      return row;
    });
  }

  /**
   * Gives money of a charge back to the customer, out of the actor's open session.
   *
   * @throws Problem PaymentReversedAlready, RefundExceedsPayment, NoOpenCashSession
   */
  async refund(id: string, { amount, reason }: RefundPayment): Promise<Payment> {
    return this.database.transaction(async () => {
      const { charge, ticket } = await this.holdCharge(id);
      const session = await this.sessions.holdOwnOpen();
      const taken = charge.reversePart(amount);
      const row = await this.takeBack(charge, session, 'refund', taken, reason);
      const payload = { reversesId: charge.id };
      await this.announce(events.PaymentRefunded, row, ticket, { payload, reason });
      return row;
    });
  }

  /** Locks the order of a payment, then the payment. */
  private async holdCharge(id: string): Promise<{ charge: Payment; ticket: string }> {
    const { orderId } = await this.records.get(Payment, id);
    const { ticket } = await this.orders.hold(orderId);
    return { charge: await this.records.get(Payment, id, 'update'), ticket };
  }

  private async charge(
    session: CashSession,
    input: Charge,
    replacesId: string | null,
  ): Promise<Payment> {
    const { orderId, method, amount, reference = null } = input;
    const collected = method === 'cash' ? await this.cashFor(orderId, amount) : amount;
    const tendered = tenderedOf(input, collected);
    return this.write(session, {
      ...{ orderId, kind: 'charge', method, amount, collected, tendered, reference, replacesId },
      change: tendered - collected,
      reason: null,
      reversesId: null,
    });
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
    const collected = method === 'cash' ? await this.cashFor(orderId, -amount) : -amount;
    return this.write(session, {
      ...{ orderId, kind, method, amount: -amount, collected, reference, reason },
      tendered: 0,
      change: 0,
      reversesId: charge.id,
      replacesId: null,
    });
  }

  /**
   * Cash that changes hands for one more piece of an order. All its cash is rounded together,
   * whoever took it and whenever: the order's lock keeps other pieces out meanwhile.
   */
  private async cashFor(orderId: string, amount: number): Promise<number> {
    const [row] = await this.database.rows<{ cash: string }>(CASH_OF_ORDER, [
      ...[this.database.companyId, orderId],
    ]);
    return cashPiece(Number(row?.cash ?? 0), amount);
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

/** Who says the amount itself means exact cash, whatever the rounding makes of it. */
function tenderedOf({ method, amount, tendered = amount }: Charge, collected: number): number {
  const handed = tendered === amount ? collected : tendered;
  if (handed < collected) throw new Problem(TenderedTooLittle, { extra: { collected } });
  if (method !== 'cash' && handed > collected) throw new Problem(ChangeOnlyFromCash);
  return handed;
}
