import { Column, Entity } from 'typeorm';
import { CompanyRecord, PesosColumn, Problem } from '#kernel';
import { FlowNotExpected } from './flow.problems.js';

export const FLOW_STATES = ['expected', 'settled', 'cancelled'] as const;
export type FlowState = (typeof FLOW_STATES)[number];

/** What a flow comes from: a Form 29, a daily cut, or somebody who typed it. */
export const FLOW_SOURCES = ['f29', 'daily_cut', 'manual'] as const;
export type FlowSource = (typeof FLOW_SOURCES)[number];

/** Money that is to come or go, or that did. */
@Entity('treasury_flow')
export class Flow extends CompanyRecord {
  @Column({ type: 'text' })
  state!: FlowState;

  /** The day of the money, `YYYY-MM-DD`: expected, or actual once settled. */
  @Column({ type: 'date' })
  day!: string;

  /** Whole pesos; more than nothing comes in, less goes out. */
  @PesosColumn()
  amount!: number;

  @Column({ type: 'text' })
  sourceType!: FlowSource;

  @Column({ type: 'uuid', nullable: true })
  sourceId!: string | null;

  @Column({ type: 'text' })
  label!: string;

  /** What was expected, of a flow that was settled. */
  @Column({ type: 'date', nullable: true })
  expectedOn!: string | null;

  @PesosColumn({ nullable: true })
  expectedAmount!: number | null;

  /** The money came or went. @throws Problem FlowNotExpected */
  settle(day: string, amount: number): void {
    this.demandExpected();
    Object.assign(this, { expectedOn: this.day, expectedAmount: this.amount });
    Object.assign(this, { state: 'settled', day, amount });
  }

  /** It will not. @throws Problem FlowNotExpected */
  cancel(): void {
    this.demandExpected();
    this.state = 'cancelled';
  }

  private demandExpected(): void {
    if (this.state !== 'expected')
      throw new Problem(FlowNotExpected, { extra: { state: this.state } });
  }
}
