import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';

/** Somebody who brings clothes; personal data, so events name these fields without values. */
@Entity('sales_customer')
export class Customer extends CompanyRecord {
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  rut!: string | null;

  @Column({ type: 'text', nullable: true })
  phone!: string | null;

  @Column({ type: 'text', nullable: true })
  email!: string | null;

  @Column({ type: 'text', nullable: true })
  notes!: string | null;

  @Column({ type: 'boolean' })
  active!: boolean;

  /** When the person was forgotten; nothing of the record changes any more. */
  @InstantColumn({ nullable: true })
  erasedAt!: Date | null;
}

export const PERSONAL_FIELDS = ['name', 'rut', 'phone', 'email', 'notes'] as const;
