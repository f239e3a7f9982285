import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

/** How a user proves who they are; shares its id with the user in `base`. */
@Entity('auth_credential')
export class Credential extends CompanyRecord {
  /** argon2id in PHC string form. */
  @Column({ type: 'text' })
  passwordHash!: string;
}
