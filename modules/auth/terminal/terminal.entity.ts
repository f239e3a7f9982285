import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';

/** A device of the shop at which people take turns. Its token is nowhere in the database. */
@Entity('auth_terminal')
export class Terminal extends CompanyRecord {
  @Column({ type: 'text' })
  name!: string;

  /** Where it stands. */
  @Column({ type: 'uuid', nullable: true })
  branchId!: string | null;

  /** SHA-256 of the token, in hexadecimal. */
  @Column({ type: 'text' })
  tokenHash!: string;

  @InstantColumn()
  expiresAt!: Date;

  /** The last sign-in at it. */
  @InstantColumn({ nullable: true })
  lastUsedAt!: Date | null;

  @InstantColumn({ nullable: true })
  revokedAt!: Date | null;

  @Column({ type: 'uuid' })
  registeredBy!: string;
}
