import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

/** A person who works with the system, or a program that does. How they prove who they are belongs to `auth`. */
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

  /** A program, which has no password and no session; it comes with an API key. */
  @Column({ type: 'boolean' })
  bot!: boolean;
}
