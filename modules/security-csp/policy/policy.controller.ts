import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Id, Lists, mapPage, Problem } from '#kernel';
import type { Page } from '#kernel';
import { decide } from '../csp/match.js';
import {
  CreatePolicy,
  EnforcePolicy,
  MatchQuestion,
  ResolveGroup,
  RollBackPolicy,
} from './policy.input.js';
import * as problems from './policy.problems.js';
import { policyList, PolicyService } from './policy.service.js';
import {
  GatesView,
  MatchView,
  PolicyView,
  RecommendationView,
  ResolutionView,
} from './policy.view.js';
import { ProofView } from './proof.view.js';
import { ResolutionService } from './resolution.service.js';

@ApiTags('security-csp')
@Controller('api/v1/security-csp/policies')
export class PolicyController {
  constructor(private readonly policies: PolicyService) {}

  @Get()
  @Allow('security-csp.policy.read')
  @Lists(PolicyView, policyList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<PolicyView>> {
    return mapPage(await this.policies.list(query), PolicyView.of);
  }

  @Get(':id')
  @Allow('security-csp.policy.read')
  @Answers(PolicyView)
  async show(@Id() id: string): Promise<PolicyView> {
    return PolicyView.of(await this.policies.show(id));
  }

  /** What stands between the policy and being enforced. */
  @Get(':id/gates')
  @Allow('security-csp.policy.read')
  @Answers(GatesView)
  async gates(@Id() id: string): Promise<GatesView> {
    return GatesView.of(await this.policies.look(id));
  }

  /** The text that `candidate` would give it. */
  @Get(':id/recommendation')
  @Allow('security-csp.policy.read')
  @Answers(RecommendationView)
  async recommendation(@Id() id: string): Promise<RecommendationView> {
    return RecommendationView.of(await this.policies.recommendation(id));
  }

  @Post()
  @Allow('security-csp.policy.edit')
  @Creates(PolicyView, problems.UnknownApp, problems.PolicyRefused, problems.TooManyPolicies)
  async create(@Body() input: CreatePolicy): Promise<PolicyView> {
    return PolicyView.of(await this.policies.create(input));
  }

  @Post(':id/report-only')
  @Allow('security-csp.policy.edit')
  @Answers(PolicyView, problems.PolicyInState, problems.PolicyRefused)
  async observe(@Id() id: string): Promise<PolicyView> {
    return PolicyView.of(await this.policies.observe(id));
  }

  @Post(':id/candidate')
  @Allow('security-csp.policy.edit')
  @Answers(PolicyView, problems.PolicyInState, problems.GroupsUnresolved, problems.TooManyPolicies)
  async propose(@Id() id: string): Promise<PolicyView> {
    return PolicyView.of(await this.policies.propose(id));
  }

  @Post(':id/prove')
  @Allow('security-csp.policy.edit')
  @Answers(ProofView)
  async prove(@Id() id: string): Promise<ProofView> {
    return ProofView.of(await this.policies.prove(id));
  }

  @Post(':id/enforce')
  @Allow('security-csp.policy.enforce')
  @Answers(
    PolicyView,
    ...[problems.PolicyInState, problems.PolicyRefused, problems.ProofFailed, problems.GatesUnmet],
    ...[problems.PercentNotRaised, problems.RolloutUnderWay, problems.NumberTooOld],
    problems.WaiverWithoutReason,
  )
  async enforce(@Id() id: string, @Body() input: EnforcePolicy): Promise<PolicyView> {
    return PolicyView.of(await this.policies.enforce(id, input));
  }

  @Post(':id/roll-back')
  @Allow('security-csp.policy.enforce')
  @Answers(PolicyView, problems.PolicyInState)
  async rollBack(@Id() id: string, @Body() { reason }: RollBackPolicy): Promise<PolicyView> {
    return PolicyView.of(await this.policies.rollBack(id, reason));
  }
}

@ApiTags('security-csp')
@Controller('api/v1/security-csp')
export class MatchController {
  constructor(private readonly resolutions: ResolutionService) {}

  /** Whether a policy would let something happen: as Chromium decides, and as the standard says. */
  @Post('match')
  @Allow('security-csp.policy.read')
  @Answers(MatchView, problems.NoSuchUrl)
  match(@Body() { policy, ...attempt }: MatchQuestion): MatchView {
    const chromium = decide(policy, attempt, 'chromium');
    const standard = decide(policy, attempt, 'csp3');
    if (chromium === null || standard === null) throw new Problem(problems.NoSuchUrl);
    return MatchView.of(chromium, standard);
  }

  @Post('groups/:id/resolve')
  @Allow('security-csp.policy.edit')
  @Answers(ResolutionView, problems.NotResolvable)
  async resolve(@Id() id: string, @Body() input: ResolveGroup): Promise<ResolutionView> {
    return ResolutionView.of(await this.resolutions.resolve(id, input));
  }
}
