import { readPolicy } from '../csp/policy-text.js';
import type { SentPolicy } from './emission.js';

/**
 * The policy of the installation's own pages, known to hold for them, until a person has written
 * another for the app `default`: the documents at `/docs` and the printable papers.
 */
export const OWN_POLICY: SentPolicy = {
  version: 1,
  policy: readPolicy(
    [
      "default-src 'none'",
      ...["script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:"],
      ...["font-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'"],
      "frame-ancestors 'none'",
    ].join('; '),
  ).policy,
};
