import { Column, Entity } from 'typeorm';
import { CompanyRow, PesosColumn } from '#kernel';

export const PAYMENT_METHODS = ['cash', 'debit', 'credit', 'transfer'] as const;

export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

/** Money applied to an order, in a cash session. Never changed, never deleted. */
@Entity('payments_payment')
export class Payment extends CompanyRow {
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
  method!: PaymentMethod;

  /** Whole pesos applied to the order; what the drawer is expected to hold grows by this. */
  @PesosColumn()
  amount!: number;

  /** Whole pesos handed over. */
  @PesosColumn()
  tendered!: number;

  /** Whole pesos given back. */
  @PesosColumn()
  change!: number;
}
