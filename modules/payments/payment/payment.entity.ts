import { Column, Entity } from 'typeorm';
import { CompanyRecord, PesosColumn, Problem } from '#kernel';
import { PaymentReversedAlready, RefundExceedsPayment } from './payment.problems.js';

/** Methods by which money changes hands. */
export const MONEY_METHODS = ['cash', 'debit', 'credit', 'transfer'] as const;

export type MoneyMethod = (typeof MONEY_METHODS)[number];

/** How an order is paid: with money, or out of the customer's prepaid balance. */
export const PAYMENT_METHODS = [...MONEY_METHODS, 'prepaid'] as const;

export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

/** What a reference is for; it stays in the books, unless it names a customer who is forgotten. */
export const VOUCHER = 'boleta or voucher number; never a customer’s name, RUT or phone';

/** What a reason is for. */
export const WHY =
  'why; never a customer’s name, RUT or phone: the books and the event log keep it';

/** Money in, taken back whole (mistake), or given back in part or whole (the customer gets it). */
export const PAYMENT_KINDS = ['charge', 'void', 'refund'] as const;

export type PaymentKind = (typeof PAYMENT_KINDS)[number];

/**
 * Money applied to an order or taken back from it, in a cash session. What a row says never
 * changes and no row is deleted: a charge is undone by a further row of the opposite sign.
 */
@Entity('payments_payment')
export class Payment extends CompanyRecord {
  @Column({ type: 'uuid' })
  orderId!: string;

  @Column({ type: 'uuid' })
  cashSessionId!: string;

  @Column({ type: 'uuid' })
  branchId!: string;

  @Column({ type: 'uuid' })
  cashierId!: string;

  /** The session's business day. */
  @Column({ type: 'date' })
  businessDate!: string;

  @Column({ type: 'text' })
  kind!: PaymentKind;

  @Column({ type: 'text' })
  method!: PaymentMethod;

  /** Whole pesos applied to the order; negative in a void or refund. */
  @PesosColumn()
  amount!: number;

  /**
   * Whole pesos that were taken: in cash rounded to the ten with the order's other cash
   * (Ley 20.956), of a prepaid payment those that left the balance.
   */
  @PesosColumn()
  collected!: number;

  /** Whole pesos handed over; 0 in a void or refund. */
  @PesosColumn()
  tendered!: number;

  /** Whole pesos given back as change. */
  @PesosColumn()
  change!: number;

  /** Boleta or voucher number, as the method gives one. */
  @Column({ type: 'text', nullable: true })
  reference!: string | null;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  /** The charge that this row takes back. */
  @Column({ type: 'uuid', nullable: true })
  reversesId!: string | null;

  /** The charge in whose place this one stands after an edit. */
  @Column({ type: 'uuid', nullable: true })
  replacesId!: string | null;

  /** Whole pesos of this charge that were taken back so far. */
  @PesosColumn()
  reversedAmount!: number;

  /** What of the charge stands, in whole pesos. */
  get remaining(): number {
    return this.kind === 'charge' ? this.amount - this.reversedAmount : 0;
  }

  /** Takes the whole of what stands. @returns whole pesos @throws Problem PaymentReversedAlready */
  reverseAll(): number {
    const { remaining } = this;
    if (remaining === 0) throw new Problem(PaymentReversedAlready);
    this.reversedAmount += remaining;
    return remaining;
  }

  /** Takes a part. @throws Problem PaymentReversedAlready, RefundExceedsPayment */
  reversePart(amount: number): number {
    const { remaining } = this;
    if (remaining === 0) throw new Problem(PaymentReversedAlready);
    if (amount > remaining) throw new Problem(RefundExceedsPayment, { extra: { remaining } });
    this.reversedAmount += amount;
    return amount;
  }
}
