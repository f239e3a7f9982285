import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';

/** What a program proves itself with. The key itself is nowhere in the database. */
@Entity('auth_api_key')
export class ApiKey extends CompanyRecord {
  /** The bot that acts with it. */
  @Column({ type: 'uuid' })
  userId!: string;

  @Column({ type: 'text' })
  name!: string;

  /** The beginning of the key, by which people know it. */
  @Column({ type: 'text' })
  prefix!: string;

  /** SHA-256 of the whole key, in hexadecimal. */
  @Column({ type: 'text' })
  secretHash!: string;

  /** Permissions; the key may do those of them that its bot may do. */
  @Column({ type: 'text', array: true })
  scopes!: string[];

  @InstantColumn()
  expiresAt!: Date;

  /** To the minute. */
  @InstantColumn({ nullable: true })
  lastUsedAt!: Date | null;

  @InstantColumn({ nullable: true })
  revokedAt!: Date | null;

  @Column({ type: 'uuid' })
  createdBy!: string;
}
