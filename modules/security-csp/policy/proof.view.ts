import {
  BooleanField,
  ChoiceField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  ObjectField,
  pick,
  TextField,
} from '#kernel';
import type { Proof } from './proof.entity.js';

const MAX_INTEGER = 2_147_483_647;

export class ProofCountsView {
  @IntegerField({ min: 0, max: MAX_INTEGER })
  accepted!: number;

  @IntegerField({ min: 0, max: MAX_INTEGER })
  acceptedAllowed!: number;

  @IntegerField({ min: 0, max: MAX_INTEGER, description: 'the canary is one of them' })
  rejected!: number;

  @IntegerField({ min: 0, max: MAX_INTEGER })
  rejectedBlocked!: number;

  @IntegerField({ min: 0, max: MAX_INTEGER, description: 'resolved by nonces of the app' })
  unprovable!: number;

  @IntegerField({ min: 0, max: MAX_INTEGER, description: 'blocked, and nobody said what they are' })
  unexplained!: number;

  @IntegerField({ min: 0, max: MAX_INTEGER })
  noise!: number;
}

export class ProofFailureView {
  @IdField()
  groupId!: string;

  @TextField({ max: 60 })
  directive!: string;

  @TextField({ max: 20_000 })
  blocked!: string;

  @ChoiceField(['allowed', 'blocked'])
  wanted!: string;

  @TextField({ max: 20_000 })
  reason!: string;
}

export class ProofFindingView {
  @ChoiceField(['high', 'other'])
  severity!: string;

  @TextField({ max: 200 })
  directive!: string;

  @TextField({ max: 20_000, nullable: true })
  value!: string | null;

  @TextField({ max: 2_000 })
  description!: string;
}

export class ProofView {
  @IdField()
  id!: string;

  @IdField()
  policyId!: string;

  @IntegerField({ min: 1, max: MAX_INTEGER })
  number!: number;

  @TextField({ max: 43 })
  policyHash!: string;

  @BooleanField()
  passed!: boolean;

  @ObjectField(() => ProofCountsView)
  counts!: ProofCountsView;

  @ListField(() => ProofFailureView, { maxItems: 100 })
  failures!: ProofFailureView[];

  @ListField(() => ProofFindingView, { maxItems: 50 })
  findings!: ProofFindingView[];

  @InstantField()
  createdAt!: string;

  static of(this: void, proof: Proof): ProofView {
    return {
      ...pick(proof, 'id', 'policyId', 'number', 'policyHash', 'passed', 'counts'),
      failures: [...proof.failures],
      findings: [...proof.findings],
      createdAt: proof.createdAt.toISOString(),
    };
  }
}
