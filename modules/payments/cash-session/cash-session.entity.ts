import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn, PesosColumn, Problem } from '#kernel';
import type { MoneyMethod } from '../payment/payment.entity.js';
import type { PrepaidFigures } from '../prepaid/prepaid-figures.service.js';
import {
  CashNotCounted,
  CashSessionClosedAlready,
  CashSessionNotOpen,
  CountedTooOften,
  OwnDifference,
} from './cash-session.problems.js';
import { samePieces } from './cash-session.denominations.js';
import type { Denomination } from './cash-session.denominations.js';
import { MAX_BLIND_COUNTS } from './cash-session.settings.js';

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
  /** Whether whoever counts may not see what should be there. */
  readonly blind: boolean;
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

  /** How many of its counts were made by somebody who may not see what should be there. */
  @Column({ type: 'integer' })
  blindCounts!: number;

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

  /**
   * Somebody counts the drawer; a later count of an ended session takes its place. Who counts
   * blindly may do so a few times only: each count that a close refuses tells a little.
   *
   * @returns whether it is another count than the one before; the same person saying the same
   *   again counts nothing
   * @throws Problem CashSessionClosedAlready, CountedTooOften
   */
  count({ now, by, amount, denominations, blind }: Count): boolean {
    if (this.state === 'closed') throw new Problem(CashSessionClosedAlready);
    if (this.state === 'open') this.end(now);
    const isSame = this.countedAmount === amount && this.countedBy === by;
    const addsDetail = denominations && !samePieces(denominations, this.countedDenominations);
    if (isSame && !addsDetail) return false;
    if (blind && this.blindCounts >= MAX_BLIND_COUNTS) throw new Problem(CountedTooOften);
    if (blind) this.blindCounts += 1;
    this.countedAmount = amount;
    this.countedDenominations = denominations;
    this.countedBy = by;
    // An approval was of the count before.
    this.approvedBy = null;
    return true;
  }

  /** What was counted, in whole pesos. @throws Problem CashSessionClosedAlready, CashNotCounted */
  demandCount(): number {
    if (this.state === 'closed') throw new Problem(CashSessionClosedAlready);
    if (this.countedAmount === null) throw new Problem(CashNotCounted);
    return this.countedAmount;
  }

  /** Another person answers for whatever the difference of this count will be. */
  approve(by: string): void {
    this.demandCount();
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
    const cash = { method: 'cash' as const, amount: this.demandCount() };
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

/** The lock under which a day of a branch is cut, and its sessions opened. */
export function dayLock(branchId: string, date: string): string {
  return `payments.day ${branchId} ${date}`;
}
