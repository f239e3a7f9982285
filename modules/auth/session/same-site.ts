import type { FastifyRequest } from 'fastify';
import { CrossSite, Problem } from '#kernel';

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Refuses a write with a cookie from another site's page. A browser attaches the cookie wherever the
 * request comes from, and says where that is (Fetch Metadata, or Origin). A client that says neither
 * is no browser.
 *
 * @throws Problem CrossSite
 */
export function demandSameSite(request: FastifyRequest, trustedOrigins: readonly string[]): void {
  if (SAFE_METHODS.includes(request.method)) return;
  const { origin, host } = request.headers;
  if (origin && trustedOrigins.includes(origin)) return;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) {
    if (site === 'same-origin' || site === 'none') return;
  } else if (origin === undefined || origin === `${request.protocol}://${host}`) {
    return;
  }
  throw new Problem(CrossSite);
}
