import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

/** What a person may say of an accepted group that no origin can allow. */
export const RESOLUTIONS = ['hash', 'nonce', 'scheme', 'refuse'] as const;
export type ResolutionKind = (typeof RESOLUTIONS)[number];

/**
 * What is done about inline code, eval, Trusted Types, `data:` and `blob:`, which nothing adds on its
 * own; shares its id with the group.
 */
@Entity('security_csp_resolution')
export class Resolution extends CompanyRecord {
  @Column({ type: 'text' })
  how!: ResolutionKind;

  /** `sha256-…`, of the inline texts. */
  @Column({ type: 'text', array: true })
  hashes!: string[];

  @Column({ type: 'text' })
  reason!: string;

  @Column({ type: 'uuid', nullable: true })
  resolvedBy!: string | null;
}
