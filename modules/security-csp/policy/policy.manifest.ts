import { alertSignal, defineAlert } from '#kernel';
import { EmitService } from '../emit/emit.service.js';
import { MatchController, PolicyController } from './policy.controller.js';
import { Policy } from './policy.entity.js';
import * as events from './policy.events.js';
import { PolicyRolledBack } from './policy.events.js';
import { PolicyService } from './policy.service.js';
import { policySettings } from './policy.settings.js';
import { EvidenceService } from './evidence.service.js';
import { GateService } from './gate.service.js';
import { Proof } from './proof.entity.js';
import { ProofService } from './proof.service.js';
import { RateService } from './rate.service.js';
import { Resolution } from './resolution.entity.js';
import { ResolutionService } from './resolution.service.js';
import { WatchService } from './watch.service.js';

const permissions = {
  'security-csp.policy.edit': 'write policies, send them in Report-Only and prove them',
  'security-csp.policy.enforce': 'enforce a policy, waive its gates, and roll it back',
  'security-csp.policy.read': 'read policies, and ask what one would allow',
};

const rolledBack = defineAlert({
  type: 'csp_policy.rolled_back',
  severity: 'critical',
  summary: {
    es: 'Una política de seguridad dejó de exigirse por sí sola, porque rompía páginas',
    en: 'A security policy went back by itself, because it broke pages',
  },
  runbook: 'runbooks/playbooks/csp_policy_rolled_back.md',
  scope: 'company',
  raisedBy: [
    alertSignal(PolicyRolledBack, ({ payload: { byItself, policyId } }) =>
      byItself ? [policyId] : [],
    ),
  ],
});

/** What policies add to the addon's manifest and module. */
export const policyPart = {
  permissions,
  entities: [Policy, Proof, Resolution],
  events: Object.values(events),
  settings: policySettings,
  alerts: [rolledBack],
  controllers: [MatchController, PolicyController],
  providers: [
    ...[EvidenceService, GateService, PolicyService, ProofService, RateService],
    ...[EmitService, ResolutionService, WatchService],
  ],
};
