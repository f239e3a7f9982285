import { Injectable } from '@nestjs/common';
import { Database, defineList, Events, Problem, Records } from '#kernel';
import type { Page } from '#kernel';
import { OrderService } from '#modules/sales';
import { CashSessionService } from '../cash-session/cash-session.service.js';
import { Payment, PAYMENT_METHODS } from './payment.entity.js';
import { PaymentCreated } from './payment.events.js';
import type { RegisterPayment } from './payment.input.js';
import { ChangeOnlyFromCash, TenderedTooLittle } from './payment.problems.js';

/** What clients may ask of the payments. */
export const paymentList = defineList({
  entity: Payment,
  filters: {
    orderId: 'id',
    cashSessionId: 'id',
    branchId: 'id',
    cashierId: 'id',
    method: PAYMENT_METHODS,
    amount: 'integer',
    businessDate: 'day',
    createdAt: 'instant',
  },
  sorts: ['createdAt', 'amount'],
  sort: '-createdAt',
});

/** Money on its way into orders. */
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
   * Applies money to an order, in the actor's open session. Locks the order, then the session:
   * every path that needs both takes them in this order.
   *
   * @throws Problem PaymentExceedsBalance, NoOpenCashSession, TenderedTooLittle, …
   */
  async register(input: RegisterPayment): Promise<Payment> {
    const { orderId, method, amount } = input;
    const tendered = tenderedOf(input);
    return this.database.transaction(async () => {
      const order = await this.orders.applyPayment(orderId, amount);
      const session = await this.sessions.holdOwnOpen();
      const payment = await this.records.insert(Payment, {
        orderId,
        cashSessionId: session.id,
        branchId: session.branchId,
        cashierId: session.cashierId,
        businessDate: session.businessDate,
        method,
        amount,
        tendered,
        change: tendered - amount,
      });
      const { branchId } = payment;
      await this.events.publish(PaymentCreated, {
        subject: { type: 'payments.payment', id: payment.id, label: `${order.ticket} ${method}` },
        payload: {
          paymentId: payment.id,
          orderId,
          cashSessionId: session.id,
          branchId,
          method,
          amount,
        },
        changes: { paidAmount: { before: order.paidAmount - amount, after: order.paidAmount } },
      });
      return payment;
    });
  }
}

function tenderedOf({ method, amount, tendered = amount }: RegisterPayment): number {
  if (tendered < amount) throw new Problem(TenderedTooLittle);
  if (method !== 'cash' && tendered > amount) throw new Problem(ChangeOnlyFromCash);
  return tendered;
}
