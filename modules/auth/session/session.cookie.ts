import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Opened } from './opened.js';
import { SessionView } from './session.view.js';

export const SESSION_COOKIE = 'ofitec_session';

const TOKEN = /^[\w-]{43}$/;

/** The token that a request carries, of a living session or not; the cookie only without `Authorization`. */
export function tokenOf(request: FastifyRequest): { token: string; isCookie: boolean } | null {
  const { authorization } = request.headers;
  const bearer = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  const token = authorization ? bearer : request.cookies[SESSION_COOKIE];
  return token && TOKEN.test(token) ? { token, isCookie: !authorization } : null;
}

/** The token in the answer, and in a cookie that scripts cannot read. */
export function showSession(
  opened: Opened,
  request: FastifyRequest,
  reply: FastifyReply,
): SessionView {
  void reply.setCookie(SESSION_COOKIE, opened.token, {
    ...secretCookie(request),
    expires: opened.expiresAt,
  });
  return SessionView.of(opened);
}

/** What the client calls itself. */
export function agentOf(request: FastifyRequest): string | null {
  return request.headers['user-agent']?.slice(0, 200) ?? null;
}

/** A cookie that no script reads and no other site's page sends. */
export function secretCookie(request: FastifyRequest): {
  readonly httpOnly: true;
  readonly sameSite: 'strict';
  readonly secure: boolean;
  readonly path: '/';
} {
  const secure = request.protocol === 'https';
  return { httpOnly: true, sameSite: 'strict', secure, path: '/' };
}
