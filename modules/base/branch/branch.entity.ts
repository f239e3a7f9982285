import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

/** A place where the company serves customers. */
@Entity('base_branch')
export class Branch extends CompanyRecord {
  /** Short name in capitals, unique in the company; ticket numbers begin with it. */
  @Column({ type: 'text' })
  code!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  address!: string | null;

  @Column({ type: 'boolean' })
  active!: boolean;
}
