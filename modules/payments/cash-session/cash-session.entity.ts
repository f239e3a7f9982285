import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn, PesosColumn, Problem } from '#kernel';
import { CashSessionClosedAlready, CashSessionNotOpen } from './cash-session.problems.js';

export const CASH_SESSION_STATES = ['open', 'ended', 'closed'] as const;

export type CashSessionState = (typeof CASH_SESSION_STATES)[number];

/** One cashier's turn at one register: from the opening float to the count. */
@Entity('payments_cash_session')
export class CashSession extends CompanyRecord {
  @Column({ type: 'uuid' })
  branchId!: string;

  @Column({ type: 'uuid' })
  registerId!: string;

  @Column({ type: 'uuid' })
  cashierId!: string;

  /** Day of the opening, America/Santiago; everything in the session counts for it. */
  @Column({ type: 'date' })
  businessDate!: string;

  @Column({ type: 'text' })
  state!: CashSessionState;

  /** Whole pesos in the drawer at the start. */
  @PesosColumn()
  openingAmount!: number;

  @InstantColumn({ nullable: true })
  endedAt!: Date | null;

  @InstantColumn({ nullable: true })
  closedAt!: Date | null;

  @Column({ type: 'uuid', nullable: true })
  closedBy!: string | null;

  /** Whole pesos that should be in the drawer, fixed at closing. */
  @PesosColumn({ nullable: true })
  expectedAmount!: number | null;

  /** Whole pesos that were counted. */
  @PesosColumn({ nullable: true })
  countedAmount!: number | null;

  @Column({ type: 'text', nullable: true })
  note!: string | null;

  /** The daily cut that sums this session, once there is one. */
  @Column({ type: 'uuid', nullable: true })
  dailyCutId!: string | null;

  /** Whole pesos, counted minus expected: negative when money is missing. */
  get difference(): number | null {
    if (this.countedAmount === null || this.expectedAmount === null) return null;
    return this.countedAmount - this.expectedAmount;
  }

  /** No payment enters any more; what is in the drawer is to be counted. */
  end(now: Date): void {
    if (this.state !== 'open')
      throw new Problem(CashSessionNotOpen, { extra: { state: this.state } });
    this.state = 'ended';
    this.endedAt = now;
  }

  /** The count is in. The caller holds the row's lock and has summed the session under it. */
  close(count: {
    now: Date;
    by: string | null;
    expectedAmount: number;
    countedAmount: number;
    note: string | null;
  }): void {
    if (this.state === 'closed') throw new Problem(CashSessionClosedAlready);
    if (this.state === 'open') this.end(count.now);
    this.state = 'closed';
    this.closedAt = count.now;
    this.closedBy = count.by;
    this.expectedAmount = count.expectedAmount;
    this.countedAmount = count.countedAmount;
    this.note = count.note;
  }
}
