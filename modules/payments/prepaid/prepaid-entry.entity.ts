import { Column, Entity } from 'typeorm';
import { CompanyRow, PesosColumn } from '#kernel';
import type { MoneyMethod } from '../payment/payment.entity.js';

/** Money in; taken back whole (mistake); paid out again; spent on an order; put back by a void or refund. */
export const PREPAID_KINDS = [
  'prepay',
  'prepay_void',
  'prepay_refund',
  'spend',
  'restore',
] as const;

export type PrepaidKind = (typeof PREPAID_KINDS)[number];

/** One movement of a prepaid balance, in a cash session. Never changed, never deleted. */
@Entity('payments_prepaid_entry')
export class PrepaidEntry extends CompanyRow {
  /** The customer, and the account. */
  @Column({ type: 'uuid' })
  customerId!: string;

  /** 1, 2, 3 … within the account. */
  @Column({ type: 'integer' })
  sequence!: number;

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
  kind!: PrepaidKind;

  /** Whole pesos by which the balance moved; negative when they left it. */
  @PesosColumn()
  amount!: number;

  /** Whole pesos of balance after this entry. */
  @PesosColumn()
  balanceAfter!: number;

  /** How the money came or went; null where only the balance moved. */
  @Column({ type: 'text', nullable: true })
  method!: MoneyMethod | null;

  /** Whole pesos that changed hands: in cash rounded to the ten with the customer's other prepayments. */
  @PesosColumn({ nullable: true })
  collected!: number | null;

  /** Whole pesos handed over; 0 when money goes back. */
  @PesosColumn({ nullable: true })
  tendered!: number | null;

  /** Whole pesos given back as change. */
  @PesosColumn({ nullable: true })
  change!: number | null;

  /** Boleta or voucher number, as the method gives one. */
  @Column({ type: 'text', nullable: true })
  reference!: string | null;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  /** The prepayment that is taken back, or the spending that is put back. */
  @Column({ type: 'uuid', nullable: true })
  reversesId!: string | null;

  /** The payment that spends, or that puts back. */
  @Column({ type: 'uuid', nullable: true })
  paymentId!: string | null;
}
