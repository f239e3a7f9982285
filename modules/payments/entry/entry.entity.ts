import { Column, Entity } from 'typeorm';
import { CompanyRow, PesosColumn } from '#kernel';

/** What a person moves in or out of the drawer besides payments. */
export const MOVEMENT_TYPES = ['cash_in', 'cash_out', 'drop'] as const;

export type MovementType = (typeof MOVEMENT_TYPES)[number];

/** Cash that enters or leaves a drawer without being a payment. Never changed, never deleted. */
@Entity('payments_entry')
export class Entry extends CompanyRow {
  @Column({ type: 'uuid' })
  cashSessionId!: string;

  @Column({ type: 'uuid' })
  cashierId!: string;

  /** A movement, or the rounding of a payment or prepayment in cash (Ley 20.956). */
  @Column({ type: 'text' })
  kind!: MovementType | 'rounding';

  /** Whole pesos; negative when they leave the drawer. */
  @PesosColumn()
  amount!: number;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  /** The payment that was rounded. */
  @Column({ type: 'uuid', nullable: true })
  paymentId!: string | null;

  /** The prepayment, or what was paid out of one, that was rounded. */
  @Column({ type: 'uuid', nullable: true })
  prepaidEntryId!: string | null;

  /** The movement that this contra entry takes back. */
  @Column({ type: 'uuid', nullable: true })
  undoesId!: string | null;

  @Column({ type: 'uuid', nullable: true })
  actorId!: string | null;
}
