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
  WordsField,
} from '#kernel';
import { lintPolicy } from '../csp/lint.js';
import { readPolicy } from '../csp/policy-text.js';
import type { Verdict } from '../csp/match.js';
import type { Gate } from './gate.service.js';
import { GATES } from './gate.service.js';
import { POLICY_STATES } from './policy.entity.js';
import type { Policy, PolicyState } from './policy.entity.js';
import { ProofView } from './proof.view.js';
import type { Proof } from './proof.entity.js';
import type { Recommendation } from './recommend.js';
import { RESOLUTIONS } from './resolution.entity.js';
import type { Resolution, ResolutionKind } from './resolution.entity.js';

const MAX_TEXT = 20_000;
const MAX_INTEGER = 2_147_483_647;

export class DirectiveView {
  @TextField({ max: 100 })
  name!: string;

  @WordsField({ maxItems: 1_000, max: MAX_TEXT })
  values!: string[];
}

export class PolicyVersionView {
  @IntegerField({ min: 1, max: MAX_INTEGER })
  number!: number;

  @TextField({ max: MAX_TEXT, min: 0 })
  text!: string;

  @TextField({ max: 43 })
  hash!: string;

  @InstantField({ description: 'when another text took its place' })
  at!: string;
}

export class PolicyFindingView {
  @TextField({ max: 60 })
  code!: string;

  @ChoiceField(['error', 'warning'])
  severity!: string;

  @TextField({ max: MAX_TEXT })
  es!: string;

  @TextField({ max: MAX_TEXT })
  en!: string;
}

export class PolicyView {
  @IdField()
  id!: string;

  @IdField()
  appId!: string;

  @TextField({ max: 60 })
  app!: string;

  @IntegerField({ min: 1, max: MAX_INTEGER, description: 'what `?v=` says' })
  number!: number;

  @ChoiceField(POLICY_STATES)
  state!: PolicyState;

  @TextField({ max: MAX_TEXT, min: 0, description: 'without where to report' })
  policy!: string;

  @ListField(() => DirectiveView, { maxItems: 1_000 })
  directives!: DirectiveView[];

  @TextField({ max: 43, description: 'SHA-256 of the text, in base64url' })
  hash!: string;

  @IntegerField({ min: 0, max: 100, description: 'visitors of a hundred that get it enforced' })
  percent!: number;

  @WordsField({ maxItems: 20, max: 60, description: 'directives that need nonces of the app' })
  nonces!: string[];

  @ListField(() => PolicyFindingView, { maxItems: 1_000 })
  findings!: PolicyFindingView[];

  @ListField(() => PolicyVersionView, { maxItems: 50 })
  versions!: PolicyVersionView[];

  @IdField({ nullable: true })
  supersededBy!: string | null;

  @InstantField({ nullable: true })
  observedAt!: string | null;

  @InstantField({ nullable: true })
  candidateAt!: string | null;

  @InstantField({ nullable: true })
  enforcedAt!: string | null;

  @InstantField({ nullable: true })
  rolledBackAt!: string | null;

  @TextField({ max: 500, nullable: true })
  reason!: string | null;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: MAX_INTEGER })
  version!: number;

  static of(this: void, policy: Policy): PolicyView {
    const { text, nonces, versions } = policy;
    const directives = readPolicy(text).policy.map(({ name, values }) => ({
      name,
      values: [...values],
    }));
    const facts = ['id', 'appId', 'app', 'number', 'state', 'hash', 'percent'] as const;
    return {
      ...pick(policy, ...facts, 'supersededBy', 'reason', 'version'),
      ...{ policy: text, directives, nonces: [...nonces], versions: [...versions] },
      findings: [...lintPolicy(text)],
      observedAt: instant(policy.observedAt),
      candidateAt: instant(policy.candidateAt),
      enforcedAt: instant(policy.enforcedAt),
      rolledBackAt: instant(policy.rolledBackAt),
      createdAt: policy.createdAt.toISOString(),
    };
  }
}

export class GateView {
  @ChoiceField(GATES)
  gate!: string;

  @BooleanField()
  met!: boolean;

  @TextField({ max: 500 })
  es!: string;

  @TextField({ max: 500 })
  en!: string;
}

export class GatesView {
  @ListField(() => GateView, { maxItems: GATES.length })
  gates!: GateView[];

  @ObjectField(() => ProofView, { nullable: true, description: 'the last one of this text' })
  proof!: ProofView | null;

  static of(this: void, found: { gates: readonly Gate[]; proof: Proof | null }): GatesView {
    return { gates: [...found.gates], proof: found.proof && ProofView.of(found.proof) };
  }
}

export class AdditionView {
  @TextField({ max: 60 })
  directive!: string;

  @TextField({ max: 2_000 })
  source!: string;

  @IdField()
  groupId!: string;
}

export class UnresolvedView {
  @IdField()
  groupId!: string;

  @TextField({ max: 60 })
  directive!: string;

  @TextField({ max: 20_000 })
  blocked!: string;

  @TextField({ max: 200 })
  es!: string;

  @TextField({ max: 200 })
  en!: string;
}

/** Lists in it are cut at a thousand. */
export class RecommendationView {
  @TextField({ max: MAX_TEXT, min: 0 })
  policy!: string;

  @ListField(() => AdditionView, { maxItems: 1_000 })
  additions!: AdditionView[];

  @ListField(() => UnresolvedView, { maxItems: 1_000 })
  unresolved!: UnresolvedView[];

  @WordsField({ maxItems: 20, max: 60 })
  nonces!: string[];

  static of(this: void, found: Recommendation): RecommendationView {
    return {
      policy: found.text,
      additions: found.additions.slice(0, 1_000),
      unresolved: found.unresolved.slice(0, 1_000),
      nonces: [...found.nonces],
    };
  }
}

export class ResolutionView {
  @IdField({ description: 'the group’s' })
  id!: string;

  @ChoiceField(RESOLUTIONS)
  how!: ResolutionKind;

  @WordsField({ maxItems: 20, max: 100 })
  hashes!: string[];

  @TextField({ max: 500 })
  reason!: string;

  @IdField({ nullable: true })
  resolvedBy!: string | null;

  static of(this: void, resolution: Resolution): ResolutionView {
    return pick(resolution, 'id', 'how', 'hashes', 'reason', 'resolvedBy');
  }
}

export class MatchView {
  @BooleanField({ description: 'what Chromium does' })
  allowed!: boolean;

  @BooleanField({ description: 'what CSP Level 3 says' })
  specAllowed!: boolean;

  @TextField({ max: 20_000, optional: true, description: 'what lets it through in Chromium' })
  source?: string;

  @TextField({ max: 60, optional: true, description: 'the directive that rules' })
  directive?: string;

  @TextField({ max: MAX_TEXT })
  reason!: string;

  static of(this: void, chromium: Verdict, standard: Verdict): MatchView {
    const { allowed, source, directive, reason } = chromium;
    return {
      allowed,
      specAllowed: standard.allowed,
      ...(source === undefined ? {} : { source }),
      ...(directive === undefined ? {} : { directive }),
      reason:
        allowed === standard.allowed ? reason : `Chromium: ${reason}; CSP3: ${standard.reason}`,
    };
  }
}

function instant(at: Date | null): string | null {
  return at && at.toISOString();
}
