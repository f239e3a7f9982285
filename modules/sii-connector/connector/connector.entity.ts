import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn } from '#kernel';
import type { PartnerMapping } from './mapping.js';

export const HEALTHS = ['unknown', 'well', 'failing'] as const;
export type Health = (typeof HEALTHS)[number];

/** A way of the company to the SII. */
@Entity('sii_connector_connector')
export class SiiConnector extends CompanyRecord {
  @Column({ type: 'text' })
  name!: string;

  /** `manual`, `partner`, or what an outside addon registered. */
  @Column({ type: 'text' })
  kind!: string;

  @Column({ type: 'boolean' })
  active!: boolean;

  @Column({ type: 'text', nullable: true })
  notes!: string | null;

  @Column({ type: 'text', nullable: true })
  baseUrl!: string | null;

  /** The name of a secret in the environment; never the secret. */
  @Column({ type: 'text', nullable: true })
  secretRef!: string | null;

  /** The partner's words for what became of a return, to ours. */
  @Column({ type: 'jsonb' })
  statuses!: Readonly<Record<string, string>>;

  /** Where the partner's JSON says what. */
  @Column({ type: 'jsonb' })
  mapping!: PartnerMapping;

  /** The name of the secrets that its webhooks are signed with. */
  @Column({ type: 'text', nullable: true })
  webhookSecretRef!: string | null;

  @Column({ type: 'text' })
  health!: Health;

  @InstantColumn({ nullable: true })
  healthAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  healthDetail!: string | null;
}
