import { Column, Entity } from 'typeorm';
import { CompanyRow } from '#kernel';

/** A cut whose rows say less since texts about a person left them; its id is that of the event that vouches for it. */
@Entity('payments_cut_restatement')
export class CutRestatement extends CompanyRow {
  @Column({ type: 'uuid' })
  dailyCutId!: string;

  /** What the rows came to before: the cut's own hash, or that of the restatement before this one. */
  @Column({ type: 'text' })
  previousHash!: string;

  /** What they come to since. */
  @Column({ type: 'text' })
  rowsHash!: string;
}
