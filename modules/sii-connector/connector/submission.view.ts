import { ChoiceField, IdField, InstantField, IntegerField, pick, TextField } from '#kernel';
import { SUBMISSION_STATES } from './submission.entity.js';
import type { Submission } from './submission.entity.js';

export class SubmissionView {
  @IdField()
  id!: string;

  @IdField()
  connectorId!: string;

  @IdField()
  returnId!: string;

  @TextField({ max: 120, description: 'the same key is the same submission' })
  key!: string;

  @ChoiceField(SUBMISSION_STATES)
  state!: string;

  @TextField({ max: 100, nullable: true })
  externalId!: string | null;

  @IntegerField({ min: 0, max: 2_147_483_647 })
  attempts!: number;

  @TextField({ max: 300, nullable: true })
  detail!: string | null;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, submission: Submission): SubmissionView {
    return {
      ...pick(submission, 'id', 'connectorId', 'returnId', 'key', 'state', 'externalId'),
      ...pick(submission, 'attempts', 'detail', 'version'),
      createdAt: submission.createdAt.toISOString(),
    };
  }
}
