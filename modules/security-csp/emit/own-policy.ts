import { OWN_PAGES_POLICY } from '#kernel';
import { readPolicy } from '../csp/policy-text.js';
import type { SentPolicy } from './emission.js';

/**
 * The policy that the installation's own pages send by themselves, and that a server in front sends
 * until a person has written another for the app `default`.
 */
export const OWN_POLICY: SentPolicy = {
  version: 1,
  policy: readPolicy(OWN_PAGES_POLICY).policy,
  nonces: [],
};
