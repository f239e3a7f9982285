import { readPolicy } from '../csp/policy-text.js';
import type { EmittedHeaders } from './emission.js';

/**
 * Options for helmet (npm) and the header that it does not know. Helmet sends one policy: the
 * enforced one, or else the watched one.
 */
export function helmetOptions(headers: EmittedHeaders): object {
  const enforced = headers['Content-Security-Policy'];
  const text = enforced ?? headers['Content-Security-Policy-Report-Only'] ?? '';
  const directives = readPolicy(text).policy.map(({ name, values }) => [name, values]);
  return {
    helmet: {
      contentSecurityPolicy: {
        useDefaults: false,
        reportOnly: enforced === null,
        directives: Object.fromEntries(directives) as object,
      },
    },
    headers: { 'Reporting-Endpoints': headers['Reporting-Endpoints'] },
  };
}
