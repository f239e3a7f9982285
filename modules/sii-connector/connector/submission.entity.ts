import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

export const SUBMISSION_STATES = [
  ...(['queued', 'sending', 'unknown', 'accepted', 'needs_action', 'filed', 'rejected'] as const),
] as const;
export type SubmissionState = (typeof SUBMISSION_STATES)[number];

/** A return given to a connector, once. */
@Entity('sii_connector_submission')
export class Submission extends CompanyRecord {
  @Column({ type: 'uuid' })
  connectorId!: string;

  @Column({ type: 'uuid' })
  returnId!: string;

  /** RUT, period, revision and a hash of the codes: the same return is never given twice. */
  @Column({ type: 'text' })
  key!: string;

  /** `sending` and `unknown`: nobody knows whether it was taken; it is looked up first. */
  @Column({ type: 'text' })
  state!: SubmissionState;

  @Column({ type: 'text', nullable: true })
  externalId!: string | null;

  @Column({ type: 'integer' })
  attempts!: number;

  /** What was said last, without a secret. */
  @Column({ type: 'text', nullable: true })
  detail!: string | null;

  /** Whether the other end may still have news. */
  get isOpen(): boolean {
    return !['filed', 'rejected'].includes(this.state);
  }
}
