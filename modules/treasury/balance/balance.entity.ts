import { Column, Entity } from 'typeorm';
import { CompanyRow, PesosColumn } from '#kernel';

/** What was in the bank and the drawers at the end of a day, as somebody counted it. Never changed. */
@Entity('treasury_balance')
export class Balance extends CompanyRow {
  @Column({ type: 'date' })
  day!: string;

  /** Whole pesos; an overdraft is less than nothing. */
  @PesosColumn()
  amount!: number;

  @Column({ type: 'text', nullable: true })
  note!: string | null;

  @Column({ type: 'uuid', nullable: true })
  statedBy!: string | null;
}
