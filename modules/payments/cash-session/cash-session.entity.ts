import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn, PesosColumn, Problem } from '#kernel';
import type { MoneyMethod } from '../payment/payment.entity.js';
import type { PrepaidFigures } from '../prepaid/prepaid-figures.service.js';
import {
  CashNotCounted,
  CashSessionClosedAlready,
  CashSessionNotOpen,
  OwnDifference,
} from './cash-session.problems.js';
import type { Denomination } from './cash-session.denominations.js';

export const CASH_SESSION_STATES = ['open', 'ended', 'closed'] as const;

export type CashSessionState = (typeof CASH_SESSION_STATES)[number];

/** What one method should have brought and what was found, in whole pesos. */
export interface MethodReconciliation {
  readonly method: MoneyMethod;
  readonly expected: number;
  /** Null when nobody counted: slips of a card terminal may be reconciled or not. */
  readonly counted: number | null;
  readonly difference: number | null;
}

/** What was found in the drawer. */
export interface Count {
  readonly now: Date;
  readonly by: string | null;
  readonly amount: number;
  readonly denominations: readonly Denomination[] | null;
}

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

  @Column({ type: 'jsonb', nullable: true })
  openingDenominations!: readonly Denomination[] | null;

  /** Whole pesos, this float minus what the register's last session was closed with. */
  @PesosColumn({ nullable: true })
  openingDifference!: number | null;

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

  @Column({ type: 'jsonb', nullable: true })
  countedDenominations!: readonly Denomination[] | null;

  @Column({ type: 'uuid', nullable: true })
  countedBy!: string | null;

  /** Who approved a high difference, other than the cashier. */
  @Column({ type: 'uuid', nullable: true })
  approvedBy!: string | null;

  /** Every method expected and counted, fixed at closing. */
  @Column({ type: 'jsonb', nullable: true })
  byMethod!: readonly MethodReconciliation[] | null;

  /** What prepaid balances took in, gave back and paid in it, fixed at closing. */
  @Column({ type: 'jsonb', nullable: true })
  prepaid!: PrepaidFigures | null;

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
    this.demandOpen();
    this.state = 'ended';
    this.endedAt = now;
  }

  /** @throws Problem CashSessionNotOpen */
  demandOpen(): void {
    if (this.state === 'open') return;
    throw new Problem(CashSessionNotOpen, { extra: { state: this.state } });
  }

  /** Somebody counts the drawer; a later count of an ended session takes its place. */
  count(count: Count): void {
    if (this.state === 'closed') throw new Problem(CashSessionClosedAlready);
    if (this.state === 'open') this.end(count.now);
    this.countedAmount = count.amount;
    this.countedDenominations = count.denominations;
    this.countedBy = count.by;
    // An approval was of the count before.
    this.approvedBy = null;
  }

  /** Another person answers for whatever the difference of this count will be. */
  approve(by: string): void {
    if (this.state === 'closed') throw new Problem(CashSessionClosedAlready);
    if (this.countedAmount === null) throw new Problem(CashNotCounted);
    if (by === this.cashierId) throw new Problem(OwnDifference);
    this.approvedBy = by;
  }

  /**
   * The count is accepted. The caller holds the row's lock and has summed the session under it.
   *
   * @param expected what the ledger says of each method
   * @param countedByMethod what was found of the methods that are not cash
   */
  close(closing: {
    readonly now: Date;
    readonly by: string | null;
    readonly expected: readonly { readonly method: MoneyMethod; readonly amount: number }[];
    readonly countedByMethod: readonly {
      readonly method: MoneyMethod;
      readonly amount: number;
    }[];
    readonly prepaid: PrepaidFigures;
    readonly note: string | null;
  }): void {
    if (this.state === 'closed') throw new Problem(CashSessionClosedAlready);
    if (this.countedAmount === null) throw new Problem(CashNotCounted);
    const cash = { method: 'cash' as const, amount: this.countedAmount };
    const counts = [cash, ...closing.countedByMethod.filter(({ method }) => method !== 'cash')];
    this.byMethod = closing.expected.map(({ method, amount: expected }) => {
      const counted = counts.find((each) => each.method === method)?.amount ?? null;
      return {
        method,
        expected,
        counted,
        difference: counted === null ? null : counted - expected,
      };
    });
    this.prepaid = closing.prepaid;
    this.expectedAmount = this.byMethod.find(({ method }) => method === 'cash')?.expected ?? 0;
    this.state = 'closed';
    this.closedAt = closing.now;
    this.closedBy = closing.by;
    this.note = closing.note;
  }
}
