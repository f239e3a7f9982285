import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';
import type { Mention } from '#kernel';

export const ERASURE_STATES = ['requested', 'erased'] as const;

export type ErasureState = (typeof ERASURE_STATES)[number];

/** Mentions that are kept of an erasure; all are counted. */
export const MOST_MENTIONS = 500;

/** A customer's request to be forgotten, and what became of it: ids and a number, no personal data. */
@Entity('sales_erasure')
export class Erasure extends CompanyRecord {
  @Column({ type: 'uuid' })
  customerId!: string;

  /** Number under which the request was received. */
  @Column({ type: 'text' })
  requestNumber!: string;

  /** Why; never with the person's data. */
  @Column({ type: 'text' })
  reason!: string;

  @Column({ type: 'text' })
  state!: ErasureState;

  /** Null when the operator's command did it. */
  @Column({ type: 'uuid', nullable: true })
  requestedBy!: string | null;

  /** The second person; null before, and when the operator's command did it. */
  @Column({ type: 'uuid', nullable: true })
  approvedBy!: string | null;

  @InstantColumn({ nullable: true })
  erasedAt!: Date | null;

  /** Texts that still name the person, where they stand; the first {@link MOST_MENTIONS}. */
  @Column({ type: 'jsonb' })
  mentions!: readonly Mention[];

  @Column({ type: 'integer' })
  mentionCount!: number;
}
