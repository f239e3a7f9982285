import { Column, Entity } from 'typeorm';
import { CompanyRow } from '#kernel';

/** Groups by what a proof found of them. */
export interface ProofCounts {
  /** Accepted groups, and those of them that the policy allows. */
  readonly accepted: number;
  readonly acceptedAllowed: number;
  /** Rejected groups, and those of them that the policy blocks. */
  readonly rejected: number;
  readonly rejectedBlocked: number;
  /** Resolved by a nonce that the application sends: not to be seen in a policy. */
  readonly unprovable: number;
  /** Nobody has said what they are, and the policy blocks them. */
  readonly unexplained: number;
  /** Left out. */
  readonly noise: number;
}

export interface ProofFailure {
  readonly groupId: string;
  readonly directive: string;
  readonly blocked: string;
  readonly wanted: 'allowed' | 'blocked';
  readonly reason: string;
}

export interface ProofFinding {
  readonly severity: 'high' | 'other';
  readonly directive: string;
  readonly value: string | null;
  readonly description: string;
}

/** A policy held against every group that is stored, at one moment; never changes. */
@Entity('security_csp_proof')
export class Proof extends CompanyRow {
  @Column({ type: 'uuid' })
  policyId!: string;

  @Column({ type: 'integer' })
  number!: number;

  @Column({ type: 'text' })
  policyHash!: string;

  @Column({ type: 'boolean' })
  passed!: boolean;

  @Column({ type: 'jsonb' })
  counts!: ProofCounts;

  /** The first hundred. */
  @Column({ type: 'jsonb' })
  failures!: readonly ProofFailure[];

  /** Of npm `csp_evaluator`; those of high severity fail the proof. */
  @Column({ type: 'jsonb' })
  findings!: readonly ProofFinding[];
}
