import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

/** A program outside of the house that may raise alerts of some types, with a token. */
@Entity('operational_alerts_source')
export class Source extends CompanyRecord {
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'boolean' })
  active!: boolean;

  /** Types it may raise and clear. */
  @Column({ type: 'text', array: true })
  types!: string[];

  /** SHA-256 of the token, in hexadecimal; 256 random bits need no salt. */
  @Column({ type: 'text' })
  tokenHash!: string;
}
