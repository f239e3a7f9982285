import { Injectable } from '@nestjs/common';
import { Clock, Database, defineList, Events, Problem, Records } from '#kernel';
import type { EventDefinition, Page, Subject } from '#kernel';
import { App, OWN_APP } from '../app/app.entity.js';
import { lintHeaders, lintPolicy } from '../csp/lint.js';
import { readPolicy } from '../csp/policy-text.js';
import { headersOf } from '../emit/emission.js';
import { OWN_POLICY } from '../emit/own-policy.js';
import { EvidenceService } from './evidence.service.js';
import { GateService } from './gate.service.js';
import type { Gate } from './gate.service.js';
import { hashOf, keptText, Policy, POLICY_STATES } from './policy.entity.js';
import * as events from './policy.events.js';
import type { PolicyFacts } from './policy.events.js';
import type { CreatePolicy, EnforcePolicy } from './policy.input.js';
import * as problems from './policy.problems.js';
import { factsOf, subjectOf } from './policy.subject.js';
import { ProofService } from './proof.service.js';
import type { Proof } from './proof.entity.js';
import { RateService } from './rate.service.js';
import { recommend } from './recommend.js';
import type { Recommendation } from './recommend.js';

const MAX_POLICIES = 1_000;

/** What clients may ask of the policies. */
export const policyList = defineList({
  entity: Policy,
  filters: {
    appId: 'id',
    app: 'text',
    state: POLICY_STATES,
    hash: 'text',
    number: 'integer',
    createdAt: 'instant',
  },
  sorts: ['createdAt', 'number'],
  sort: '-createdAt',
});

/** Policies from a draft to being enforced, and back. */
@Injectable()
export class PolicyService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly evidence: EvidenceService,
    private readonly proofs: ProofService,
    private readonly gates: GateService,
    private readonly rates: RateService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Policy>> {
    return this.database.transaction(() => this.records.page(policyList, query));
  }

  async show(id: string): Promise<Policy> {
    return this.database.transaction(() => this.records.get(Policy, id));
  }

  /** What stands between a policy and being enforced. */
  async look(id: string): Promise<{ gates: readonly Gate[]; proof: Proof | null }> {
    return this.database.transaction(async () => {
      const policy = await this.records.get(Policy, id);
      return { gates: await this.gates.look(policy), proof: await this.proofs.last(policy) };
    });
  }

  /** The text that `candidate` would give it, and what a person must say first. */
  async recommendation(id: string): Promise<Recommendation> {
    return this.database.transaction(async () =>
      this.recommended(await this.records.get(Policy, id)),
    );
  }

  /** @throws Problem UnknownApp, PolicyRefused, TooManyPolicies */
  async create({ app: slug, policy: text }: CreatePolicy): Promise<Policy> {
    demandSound(text);
    return this.database.transaction(async () => {
      const app = await this.records.find(App, { slug });
      if (!app) throw new Problem(problems.UnknownApp, { extra: { app: slug } });
      const number = await this.nextNumber(app.id);
      const kept = keptText(text);
      const none = { observedAt: null, candidateAt: null, enforcedAt: null, rolledBackAt: null };
      const policy = await this.records.insert(Policy, {
        ...{ appId: app.id, app: slug, number, state: 'draft', text: kept, hash: hashOf(kept) },
        ...{ versions: [], percent: 0, nonces: [], supersededBy: null, reason: null, ...none },
      });
      await this.announce(events.PolicyDrafted, policy, {});
      return policy;
    });
  }

  /** Browsers report on it from now on. @throws Problem PolicyInState, PolicyRefused */
  async observe(id: string): Promise<Policy> {
    return this.change(id, async (policy) => {
      policy.observe(this.clock.now());
      demandHeard(policy);
      await this.records.store(policy);
      await this.announce(events.PolicyObserved, policy, {});
    });
  }

  /** It gets the sources of its accepted groups. @throws Problem PolicyInState, GroupsUnresolved */
  async propose(id: string): Promise<Policy> {
    return this.change(id, async (policy) => {
      const { text, unresolved, additions, nonces } = await this.recommended(policy);
      if (unresolved.length > 0) {
        const groups = unresolved.slice(0, 100);
        throw new Problem(problems.GroupsUnresolved, { extra: { groups } });
      }
      const next = await this.nextNumber(policy.appId);
      const oldest = await this.oldestNumber(policy.appId);
      policy.propose({ text, nonces }, { next, oldest }, this.clock.now());
      await this.records.store(policy);
      await this.announce(events.PolicyProposed, policy, { added: additions.length });
    });
  }

  /** Holds it against every stored group; the proof is kept, passed or not. */
  async prove(id: string): Promise<Proof> {
    return this.database.transaction(async () =>
      this.proofs.prove(await this.records.get(Policy, id)),
    );
  }

  /**
   * @throws Problem PolicyInState, PercentNotRaised, RolloutUnderWay, NumberTooOld, PolicyRefused,
   *   ProofFailed, GatesUnmet, WaiverWithoutReason
   */
  async enforce(id: string, input: EnforcePolicy): Promise<Policy> {
    const { percent = 100, waive = [], reason = null } = input;
    if (waive.length > 0 && reason === null) throw new Problem(problems.WaiverWithoutReason);
    return this.change(id, async (policy) => {
      const begins = policy.state !== 'enforcing';
      policy.enforce(percent, reason, this.clock.now());
      await this.demandPlace(policy);
      demandSound(policy.text);
      demandHeard(policy);
      const proof = await this.proofs.prove(policy);
      if (!proof.passed) {
        const { id: proofId, counts } = proof;
        throw new Problem(problems.ProofFailed, { extra: { proofId, counts }, keepsWork: true });
      }
      if (begins) await this.demandGates(policy, waive);
      if (percent === 100) await this.replaceOthers(policy);
      await this.records.store(policy);
      if (percent === 100) await this.retire(policy.appId, policy.number);
      if (begins) await this.rates.begin(policy);
      await this.announce(events.PolicyEnforced, policy, { percent, waived: waive }, reason);
    });
  }

  /** It is watched only, and the one before it stands again. @throws Problem PolicyInState */
  async rollBack(id: string, reason: string, byItself = false): Promise<Policy> {
    return this.change(id, async (policy) => {
      policy.rollBack(reason, this.clock.now());
      await this.records.store(policy);
      const before = await this.records.find(Policy, { supersededBy: policy.id }, 'update');
      if (before) {
        before.restore();
        await this.records.store(before);
      }
      await this.retire(policy.appId, (before ?? (await this.whole(policy.appId)))?.number ?? null);
      await this.announce(events.PolicyRolledBack, policy, { byItself }, reason);
    });
  }

  /** One act at a time on all policies of an app: they take each other's place and numbers. */
  private async change(id: string, act: (policy: Policy) => Promise<void>): Promise<Policy> {
    return this.database.transaction(async () => {
      const { appId } = await this.records.get(Policy, id);
      await this.database.lockName(`security-csp.app ${appId}`);
      const policy = await this.records.get(Policy, id, 'update');
      await act(policy);
      return policy;
    });
  }

  private async recommended(policy: Policy): Promise<Recommendation> {
    const groups = [];
    for await (const group of this.evidence.read(policy.appId)) {
      if (group.verdict === 'accepted') groups.push(group);
    }
    return recommend(policy.text, groups);
  }

  private async demandGates(policy: Policy, waived: readonly string[]): Promise<void> {
    const gates = await this.gates.look(policy);
    const unmet = gates.filter(({ gate, met }) => !met && !waived.includes(gate));
    if (unmet.length === 0) return;
    throw new Problem(problems.GatesUnmet, {
      detail: {
        es: unmet.map(({ gate, es }) => `${gate}: ${es}`).join('; '),
        en: unmet.map(({ gate, en }) => `${gate}: ${en}`).join('; '),
      },
      extra: { gates: unmet },
    });
  }

  /** An app has one policy for everybody and at most one more on its way there. */
  private async demandPlace({ appId, id, number }: Policy): Promise<void> {
    if (number < (await this.oldestNumber(appId))) throw new Problem(problems.NumberTooOld);
    const enforcing = await this.records.all(Policy, { appId, state: 'enforcing' });
    const other = enforcing.find((each) => each.id !== id && each.percent < 100);
    if (other) throw new Problem(problems.RolloutUnderWay, { extra: { policyId: other.id } });
  }

  /** The one that is enforced for everybody. */
  private async whole(appId: string): Promise<Policy | null> {
    return this.records.find(Policy, { appId, state: 'enforcing', percent: 100 });
  }

  private async replaceOthers({ appId, id }: Policy): Promise<void> {
    for (const other of await this.records.all(Policy, { appId, state: 'enforcing' })) {
      if (other.id === id) continue;
      other.supersede(id);
      await this.records.store(other);
    }
  }

  private async oldestNumber(appId: string): Promise<number> {
    return (await this.records.get(App, appId)).oldestVersion ?? 0;
  }

  /** Reports of policies older than this one are noise from now on. */
  private async retire(appId: string, oldestVersion: number | null): Promise<void> {
    const app = await this.records.get(App, appId, 'update');
    await this.records.store(Object.assign(app, { oldestVersion }));
  }

  private async nextNumber(appId: string): Promise<number> {
    await this.database.lockName(`security-csp.app ${appId}`);
    const [found] = await this.database.rows<{ last: number | null; count: number }>(
      `SELECT max(number) AS last, count(*)::int AS count FROM security_csp_policy
       WHERE company_id = $1 AND app_id = $2`,
      [this.database.companyId, appId],
    );
    if ((found?.count ?? 0) >= MAX_POLICIES) throw new Problem(problems.TooManyPolicies);
    // The first of the own pages is the one that the house ships.
    const { slug } = await this.records.get(App, appId);
    return (found?.last ?? (slug === OWN_APP ? OWN_POLICY.version : 0)) + 1;
  }

  private async announce<P extends PolicyFacts>(
    event: EventDefinition<P>,
    policy: Policy,
    more: Omit<P, keyof PolicyFacts>,
    reason: string | null = null,
  ): Promise<void> {
    const subject: Subject = subjectOf(policy);
    const payload = { ...factsOf(policy), ...more } as P;
    await this.events.publish(event, { subject, payload, reason });
  }
}

/** @throws Problem PolicyRefused for what no browser would read as it is meant */
function demandSound(text: string): void {
  refuse(lintPolicy(text));
}

/** @throws Problem PolicyRefused for what would keep reports from being sent */
function demandHeard({ app, number, text }: Policy): void {
  const sent = { version: number, policy: readPolicy(text).policy, nonces: [] };
  const base = { app, base: '', secure: true, percent: 100 };
  const none = { enforced: null, reportOnly: null, previous: null };
  for (const emission of [
    { ...base, ...none, enforced: sent },
    { ...base, ...none, reportOnly: sent },
  ]) {
    const headers = headersOf(emission);
    const enforced = headers['Content-Security-Policy'];
    const reportOnly = headers['Content-Security-Policy-Report-Only'];
    refuse(
      lintHeaders({
        ...(enforced === null ? {} : { enforced }),
        ...(reportOnly === null ? {} : { reportOnly }),
        reportingEndpoints: headers['Reporting-Endpoints'] ?? '',
        secure: true,
      }),
    );
  }
}

function refuse(findings: ReturnType<typeof lintPolicy>): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  throw new Problem(problems.PolicyRefused, {
    detail: {
      es: errors.map(({ es }) => es).join('; '),
      en: errors.map(({ en }) => en).join('; '),
    },
    extra: { findings: errors.slice(0, 50) },
  });
}
