import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Authenticator, Config, CrossSite, kernelConfig, Problem } from '#kernel';
import type { Actor } from '#kernel';
import { SessionService } from './session.service.js';

export const SESSION_COOKIE = 'ofitec_session';

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];
const TOKEN = /^[\w-]{43}$/;

/** Reads the session token from `Authorization: Bearer` or the cookie. */
@Injectable()
export class SessionAuthenticator extends Authenticator {
  private readonly trustedOrigins: readonly string[];

  constructor(
    private readonly sessions: SessionService,
    config: Config,
  ) {
    super();
    this.trustedOrigins = config.of(kernelConfig).TRUSTED_ORIGINS;
  }

  async authenticate(request: FastifyRequest): Promise<Actor | null> {
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const cookie = request.headers.authorization ? undefined : request.cookies[SESSION_COOKIE];
    const token = bearer ?? cookie;
    if (!token || !TOKEN.test(token)) return null;
    const actor = await this.sessions.actorOfToken(token);
    if (actor && cookie) this.demandSameSite(request);
    return actor;
  }

  /**
   * A browser attaches the cookie wherever the request comes from, and says where that is
   * (Fetch Metadata, or Origin). A client that says neither is no browser.
   */
  private demandSameSite(request: FastifyRequest): void {
    if (SAFE_METHODS.includes(request.method)) return;
    const { origin, host } = request.headers;
    if (origin && this.trustedOrigins.includes(origin)) return;
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined) {
      if (site === 'same-origin' || site === 'none') return;
    } else if (origin === undefined || origin === `${request.protocol}://${host}`) {
      return;
    }
    throw new Problem(CrossSite);
  }
}
