import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';

/**
 * What one subscription was told of one alert, and when it is next to be told. `waiting`: not told
 * yet, this time; `muted`: a symptom of another alert; `idle`: nothing to tell.
 */
export type NoticeState = 'waiting' | 'told' | 'muted' | 'idle';

@Entity('operational_alerts_notice')
export class Notice extends CompanyRecord {
  @Column({ type: 'uuid' })
  alertId!: string;

  @Column({ type: 'uuid' })
  subscriptionId!: string;

  @Column({ type: 'text' })
  state!: NoticeState;

  @InstantColumn({ nullable: true })
  nextAt!: Date | null;

  /** When it was last told that the alert goes on. */
  @InstantColumn({ nullable: true })
  toldAt!: Date | null;
}
