import { Column, Entity } from 'typeorm';
import { CompanyRow, InstantColumn } from '#kernel';

/** A signed-in user. The token itself is nowhere in the database. */
@Entity('auth_session')
export class Session extends CompanyRow {
  @Column({ type: 'uuid' })
  userId!: string;

  /** SHA-256 of the token, in hexadecimal; 256 random bits need no salt. */
  @Column({ type: 'text' })
  tokenHash!: string;

  /** Absolute: nothing moves it. */
  @InstantColumn()
  expiresAt!: Date;

  @Column({ type: 'text', nullable: true })
  ip!: string | null;

  /** The last request, to the minute. */
  @InstantColumn()
  lastSeenAt!: Date;

  /** When the user locked it; a session that idled too long is locked without this. */
  @InstantColumn({ nullable: true })
  lockedAt!: Date | null;

  /** When the user last proved to be who they are, by password or code; null by PIN alone. */
  @InstantColumn({ nullable: true })
  provenAt!: Date | null;

  /** When the user last proved it by a code. */
  @InstantColumn({ nullable: true })
  codeProvenAt!: Date | null;

  /** The shared terminal where it began; one session a terminal. */
  @Column({ type: 'uuid', nullable: true })
  terminalId!: string | null;

  /** Wrong PINs since the password was last used. */
  @Column({ type: 'integer' })
  pinFailures!: number;

  @Column({ type: 'text', nullable: true })
  userAgent!: string | null;
}
