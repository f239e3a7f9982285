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

  @InstantColumn()
  expiresAt!: Date;

  @Column({ type: 'text', nullable: true })
  ip!: string | null;
}
