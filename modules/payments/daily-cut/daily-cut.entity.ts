import { Column, Entity } from 'typeorm';
import { CompanyRow, PesosColumn } from '#kernel';
import type { PaymentMethod } from '../payment/payment.entity.js';

/** Whole pesos and number of payments. */
export interface Tally {
  readonly amount: number;
  readonly payments: number;
}

export interface MethodTotal extends Tally {
  readonly method: PaymentMethod;
}

export interface CashierTotal extends Tally {
  readonly cashierId: string;
}

export interface SessionTotal extends Tally {
  readonly cashSessionId: string;
  readonly cashierId: string;
  readonly registerId: string;
  readonly openingAmount: number;
  readonly expectedAmount: number;
  readonly countedAmount: number;
  readonly difference: number;
}

/** The totals of a branch's business day, as they stood when it was cut. Never changed. */
@Entity('payments_daily_cut')
export class DailyCut extends CompanyRow {
  @Column({ type: 'uuid' })
  branchId!: string;

  @Column({ type: 'date' })
  businessDate!: string;

  /** 1 for the day's cut; sessions that were opened after it go into 2, and so on. */
  @Column({ type: 'integer' })
  sequence!: number;

  @Column({ type: 'uuid', nullable: true })
  cutBy!: string | null;

  /** Whole pesos of all methods. */
  @PesosColumn()
  total!: number;

  @Column({ type: 'integer' })
  payments!: number;

  @Column({ type: 'jsonb' })
  byMethod!: MethodTotal[];

  @Column({ type: 'jsonb' })
  byCashier!: CashierTotal[];

  @Column({ type: 'jsonb' })
  bySession!: SessionTotal[];
}
