import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

/** A cash register: the drawer a cash session is about. */
@Entity('base_register')
export class Register extends CompanyRecord {
  @Column({ type: 'uuid' })
  branchId!: string;

  /** Unique in its branch. */
  @Column({ type: 'text' })
  code!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'boolean' })
  active!: boolean;
}
