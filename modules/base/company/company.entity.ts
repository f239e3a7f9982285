import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

/** The firm whose books these are; its id is the `company_id` of every row it owns. */
@Entity('base_company')
export class Company extends CompanyRecord {
  /** Rol único tributario, `76123456-0`. */
  @Column({ type: 'text' })
  rut!: string;

  /** Razón social. */
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  address!: string | null;
}
