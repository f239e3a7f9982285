import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn, PesosColumn, Problem } from '#kernel';
import {
  OrderNotInState,
  OrderHasMoney,
  OrderHasBalance,
  PaymentExceedsBalance,
} from './order.problems.js';

export const ORDER_STATES = ['received', 'in_process', 'ready', 'delivered', 'cancelled'] as const;

export type OrderState = (typeof ORDER_STATES)[number];

/** What a customer brought and owes. Its money changes only through `applyPayment` and `takeBackPayment`. */
@Entity('sales_order')
export class Order extends CompanyRecord {
  @Column({ type: 'uuid' })
  branchId!: string;

  @Column({ type: 'uuid', nullable: true })
  customerId!: string | null;

  /** Without a gap within the branch. */
  @Column({ type: 'integer' })
  number!: number;

  /** What stands on the paper and is read aloud: `CENTRO-1042`. */
  @Column({ type: 'text' })
  ticket!: string;

  @Column({ type: 'text' })
  state!: OrderState;

  /** Business day it was taken on, America/Santiago. */
  @Column({ type: 'date' })
  businessDate!: string;

  @InstantColumn({ nullable: true })
  promisedAt!: Date | null;

  /** Whole pesos, the sum of the lines. */
  @PesosColumn()
  total!: number;

  /** Whole pesos applied by payments so far. */
  @PesosColumn()
  paidAmount!: number;

  /**
   * Handed over with a balance due. A column of its own, because an index that depends on the paid
   * amount would have every payment write all indexes of the order.
   */
  @Column({ type: 'boolean' })
  deliveredOwing!: boolean;

  @Column({ type: 'text', nullable: true })
  notes!: string | null;

  @Column({ type: 'text', nullable: true })
  cancelReason!: string | null;

  @InstantColumn({ nullable: true })
  startedAt!: Date | null;

  @InstantColumn({ nullable: true })
  readyAt!: Date | null;

  @InstantColumn({ nullable: true })
  deliveredAt!: Date | null;

  @InstantColumn({ nullable: true })
  cancelledAt!: Date | null;

  /** Whole pesos still owed; a cancelled order owes nothing. */
  get balance(): number {
    return this.state === 'cancelled' ? 0 : this.total - this.paidAmount;
  }

  /** Work begins. */
  start(now: Date): void {
    this.demandState('start', ['received']);
    this.state = 'in_process';
    this.startedAt = now;
  }

  /** It can be collected. A quick job may go straight from the counter to the shelf. */
  markReady(now: Date): void {
    this.demandState('ready', ['received', 'in_process']);
    this.state = 'ready';
    this.readyAt = now;
  }

  /**
   * The customer takes it.
   *
   * @param withBalance whether the company hands over what is not paid in full
   */
  deliver(now: Date, withBalance: boolean): void {
    this.demandState('deliver', ['received', 'in_process', 'ready']);
    if (this.balance > 0 && !withBalance) {
      throw new Problem(OrderHasBalance, { extra: { balance: this.balance } });
    }
    this.state = 'delivered';
    this.deliveredAt = now;
    this.noteDebt();
  }

  /** It is called off; money applied to it must be given back first. */
  cancel(now: Date, reason: string): void {
    this.demandState('cancel', ['received', 'in_process', 'ready']);
    if (this.paidAmount > 0) {
      throw new Problem(OrderHasMoney, { extra: { paidAmount: this.paidAmount } });
    }
    this.state = 'cancelled';
    this.cancelledAt = now;
    this.cancelReason = reason;
  }

  /** Money arrives: never more than is owed. The caller holds the row's lock. */
  applyPayment(amount: number): void {
    if (this.state === 'cancelled') this.demandState('charge', []);
    if (amount > this.balance) {
      throw new Problem(PaymentExceedsBalance, { extra: { balance: this.balance } });
    }
    this.paidAmount += amount;
    this.noteDebt();
  }

  /** Money that was applied goes back. The caller holds the row's lock. */
  takeBackPayment(amount: number): void {
    if (amount > this.paidAmount) throw new Error('More goes back than was ever applied.');
    this.paidAmount -= amount;
    this.noteDebt();
  }

  private noteDebt(): void {
    this.deliveredOwing = this.state === 'delivered' && this.balance > 0;
  }

  private demandState(verb: string, allowed: readonly OrderState[]): void {
    if (allowed.includes(this.state)) return;
    throw new Problem(OrderNotInState, { extra: { state: this.state, verb, allowed } });
  }
}
