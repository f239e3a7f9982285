import { Column, Entity } from 'typeorm';
import { CompanyRow } from '#kernel';

/** A webhook that was signed by a partner, kept for a day so that it counts once. */
@Entity('sii_connector_webhook')
export class ReceivedWebhook extends CompanyRow {
  @Column({ type: 'uuid' })
  connectorId!: string;

  /** The partner's name for it: the same when it is sent again. */
  @Column({ type: 'text' })
  webhookId!: string;
}
