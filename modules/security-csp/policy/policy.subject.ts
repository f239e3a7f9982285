import type { Subject } from '#kernel';
import type { Policy } from './policy.entity.js';
import type { PolicyFacts } from './policy.events.js';

export function factsOf({ id, app, number, hash }: Policy): PolicyFacts {
  return { policyId: id, app, number, policyHash: hash };
}

export function subjectOf({ id, app, number }: Policy): Subject {
  return { type: 'security-csp.policy', id, label: `${app} v${number}` };
}
