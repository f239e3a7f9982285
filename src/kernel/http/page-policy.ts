import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * The policy of the installation's own pages, such as the documents at `/docs`: everything from
 * themselves, scripts from files only. A page may bring a stricter one of its own.
 */
export const OWN_PAGES_POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:"],
  ...["font-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'"],
  "frame-ancestors 'none'",
].join('; ');

/** What is no page loads nothing, whatever a browser takes it for. */
export const ANSWER_POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Where the addon `security-csp` takes reports of the own pages; nobody listens where it is missing. */
const REPORTS = '/csp/report?v=1&d=enforce';

const POLICY = 'content-security-policy';

/** Gives a page of the house its policy. */
export function setPolicy(request: FastifyRequest, reply: FastifyReply): void {
  if (/^\/docs([/?]|$)/.test(request.url)) void reply.header(POLICY, OWN_PAGES_POLICY);
}

/**
 * Lets a page say where its violations are reported. Browsers serve `report-to` on https only, and
 * where it stands they pass over `report-uri`: on plain http it must not stand.
 */
export function addReporting(request: FastifyRequest, reply: FastifyReply): void {
  const type = reply.getHeader('content-type');
  const policy = reply.getHeader(POLICY);
  if (typeof type !== 'string' || !type.startsWith('text/html')) return;
  if (typeof policy !== 'string' || policy.includes('report-uri')) return;
  const isSecure = request.protocol === 'https';
  const to = isSecure ? '; report-to csp-endpoint' : '';
  void reply.header(POLICY, `${policy}; report-uri ${REPORTS}${to}`);
  if (isSecure) void reply.header('reporting-endpoints', `csp-endpoint="${REPORTS}"`);
}
