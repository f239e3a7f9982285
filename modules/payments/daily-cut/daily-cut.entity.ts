import { Column, Entity } from 'typeorm';
import { CompanyRow, PesosColumn } from '#kernel';
import type { OrderFigures } from '#modules/sales';
import type { CashSessionState } from '../cash-session/cash-session.entity.js';
import type { PaymentMethod } from '../payment/payment.entity.js';
import type { PrepaidFigures } from '../prepaid/prepaid-figures.service.js';

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
  readonly state: CashSessionState;
  readonly openingAmount: number;
  /** Null in a reading of a session that is not closed. */
  readonly expectedAmount: number | null;
  readonly countedAmount: number | null;
  readonly difference: number | null;
}

/** What besides charges moved the day's cash, in whole pesos; negative when it left. */
export interface CashFigures {
  /** Roundings of cash payments (Ley 20.956). */
  readonly rounding: number;
  readonly cashIn: number;
  readonly cashOut: number;
  readonly drops: number;
  readonly voids: number;
  readonly refunds: number;
  /** Counted minus expected, all sessions. */
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

  @Column({ type: 'jsonb' })
  cash!: CashFigures;

  /** What prepaid balances took in, gave back and paid. */
  @Column({ type: 'jsonb' })
  prepaid!: PrepaidFigures;

  @Column({ type: 'jsonb' })
  orders!: OrderFigures;

  /** SHA-256 over every row that was summed, in hexadecimal. */
  @Column({ type: 'text' })
  rowsHash!: string;

  /** The last block of the event log's seal by then, `12:` and its hash; null before the first. */
  @Column({ type: 'text', nullable: true })
  auditAnchor!: string | null;

  /** Made while sessions of the day were open; they go into a later cut. */
  @Column({ type: 'boolean' })
  forced!: boolean;
}

/** Money that came in, whole pesos: a spending is a sale without money, a prepayment money without a sale. */
export function receivedIn({ total, prepaid }: Pick<DailyCut, 'total' | 'prepaid'>): number {
  return total - prepaid.spent + prepaid.received + prepaid.returned;
}
