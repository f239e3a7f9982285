import { Column, Entity } from 'typeorm';
import { CompanyRecord, CompanyRow, InstantColumn } from '#kernel';

/** A user's authenticator app; shares its id with the user in `base`. */
@Entity('auth_totp')
export class Totp extends CompanyRecord {
  /** The shared secret in base32, sealed by the kernel's `Cipher`. */
  @Column({ type: 'text' })
  secret!: string;

  /** When the app proved that it has the secret; until then nothing demands a code. */
  @InstantColumn({ nullable: true })
  confirmedAt!: Date | null;

  /** The last time step whose code was used: neither it nor an earlier one is good again. */
  @Column({ type: 'integer' })
  lastStep!: number;
}

/** A code on paper for the day the phone is lost; the row goes when it is used. */
@Entity('auth_recovery_code')
export class RecoveryCode extends CompanyRow {
  @Column({ type: 'uuid' })
  userId!: string;

  /** SHA-256 of user and code, in hexadecimal; 120 random bits need no slow hash. */
  @Column({ type: 'text' })
  codeHash!: string;
}
