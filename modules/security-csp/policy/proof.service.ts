import { Injectable } from '@nestjs/common';
import { Events, Records } from '#kernel';
import { EvidenceService } from './evidence.service.js';
import type { Policy } from './policy.entity.js';
import { PolicyProved } from './policy.events.js';
import { factsOf, subjectOf } from './policy.subject.js';
import { Proof } from './proof.entity.js';
import { Replay } from './replay.js';
import { weaknessesOf } from './weakness.js';

/** Holds policies against what was reported. */
@Injectable()
export class ProofService {
  constructor(
    private readonly records: Records,
    private readonly events: Events,
    private readonly evidence: EvidenceService,
  ) {}

  /** Proves a policy against every group that is stored now, and keeps the proof, passed or not. */
  async prove(policy: Policy): Promise<Proof> {
    const replay = new Replay(policy.text, policy.nonces);
    for await (const group of this.evidence.read(policy.appId)) replay.take(group);
    const findings = weaknessesOf(policy.text);
    const isWeak = findings.some(({ severity }) => severity === 'high');
    const proof = await this.records.insert(Proof, {
      policyId: policy.id,
      number: policy.number,
      policyHash: policy.hash,
      passed: replay.holds && !isWeak,
      counts: replay.counts,
      failures: replay.failures,
      findings,
    });
    const { id: proofId, passed } = proof;
    const payload = { ...factsOf(policy), proofId, passed };
    await this.events.publish(PolicyProved, { subject: subjectOf(policy), payload });
    return proof;
  }

  /** The last proof of a policy's present text, or null. */
  async last({ id, number }: Policy): Promise<Proof | null> {
    const proofs = await this.records.page(
      { entity: Proof, filters: { policyId: 'id' }, sorts: ['createdAt'], sort: '-createdAt' },
      { policyId: id, limit: '1' },
    );
    const [proof] = proofs.items;
    return proof?.number === number ? proof : null;
  }
}
