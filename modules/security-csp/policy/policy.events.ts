import { defineEvent } from '#kernel';

/** What every event of a policy carries; the text is in the policy's own record, by its number. */
export interface PolicyFacts {
  readonly policyId: string;
  readonly app: string;
  readonly number: number;
  readonly policyHash: string;
}

export const PolicyDrafted = defineEvent<PolicyFacts>({
  name: 'csp_policy.drafted',
  version: 1,
  summary: 'a content security policy was written for an app',
});

export const PolicyObserved = defineEvent<PolicyFacts>({
  name: 'csp_policy.observed',
  version: 1,
  summary: 'a policy is sent in Report-Only from now on',
});

export const PolicyProposed = defineEvent<PolicyFacts & { added: number }>({
  name: 'csp_policy.proposed',
  version: 1,
  summary: 'a policy got the sources of its accepted groups and is what is to be enforced',
});

export const PolicyProved = defineEvent<PolicyFacts & { proofId: string; passed: boolean }>({
  name: 'csp_policy.proved',
  version: 1,
  summary: 'a policy was held against every stored group',
});

export const PolicyEnforced = defineEvent<PolicyFacts & { percent: number; waived: string[] }>({
  name: 'csp_policy.enforced',
  version: 1,
  summary: 'a policy is enforced for so many of a hundred visitors from now on',
});

export const PolicyRolledBack = defineEvent<PolicyFacts & { byItself: boolean }>({
  name: 'csp_policy.rolled_back',
  version: 1,
  summary: 'a policy is no longer enforced; the reason stands with the event',
});

export const GroupResolved = defineEvent<{ groupId: string; how: string }>({
  name: 'csp_group.resolved',
  version: 1,
  summary: 'a person said what is done about inline code or a scheme that reports told of',
});
