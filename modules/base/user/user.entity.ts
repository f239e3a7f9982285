import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

/** A person who works with the system. How they prove who they are belongs to `auth`. */
@Entity('base_user')
export class User extends CompanyRecord {
  /** Lower case, unique in the installation. */
  @Column({ type: 'text' })
  login!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', array: true })
  roles!: string[];

  @Column({ type: 'boolean' })
  active!: boolean;
}
