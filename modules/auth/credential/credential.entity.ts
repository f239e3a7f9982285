import { Column, Entity } from 'typeorm';
import { CompanyRecord, CompanyRow, InstantColumn } from '#kernel';

/** How a user proves who they are; shares its id with the user in `base`. */
@Entity('auth_credential')
export class Credential extends CompanyRecord {
  /** argon2id in PHC string form. */
  @Column({ type: 'text' })
  passwordHash!: string;

  /** When the password was set; its age counts from here. */
  @InstantColumn()
  changedAt!: Date;

  /** Handed out by somebody else: good for one sign-in, which can only change it. */
  @Column({ type: 'boolean' })
  initial!: boolean;

  /** Until when the initial password may be used; in the past once it was. */
  @InstantColumn({ nullable: true })
  initialUntil!: Date | null;

  /** argon2id of the PIN that unlocks a session; null when there is none. */
  @Column({ type: 'text', nullable: true })
  pinHash!: string | null;

  /** Wrong PINs at shared terminals since the last right PIN or password. */
  @Column({ type: 'integer' })
  pinFailures!: number;

  /** A user of the demo or of tests: no role demands an authenticator app of them. */
  @Column({ type: 'boolean' })
  totpExempt!: boolean;
}

/** A password that a user had once: it may not come back too soon. */
@Entity('auth_password_history')
export class PasswordHistory extends CompanyRow {
  @Column({ type: 'uuid' })
  userId!: string;

  @Column({ type: 'text' })
  passwordHash!: string;
}
