import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Authenticator, Config, kernelConfig } from '#kernel';
import type { Actor } from '#kernel';
import { ApiKeyService } from '../api-key/api-key.service.js';
import { isApiKey } from '../api-key/api-key.secret.js';
import { tokenOf } from '../session/session.cookie.js';
import { SessionService } from '../session/session.service.js';
import { demandSameSite } from '../session/same-site.js';
import { PersonNeeded, StepUpNeeded } from './identity.problems.js';

/**
 * Reads who sends a request: an API key or the token of a session from `Authorization: Bearer`, or
 * the token from the cookie.
 */
@Injectable()
export class RequestAuthenticator extends Authenticator {
  override readonly stepUp = [StepUpNeeded, PersonNeeded];
  private readonly trustedOrigins: readonly string[];

  constructor(
    private readonly sessions: SessionService,
    private readonly keys: ApiKeyService,
    config: Config,
  ) {
    super();
    this.trustedOrigins = config.of(kernelConfig).TRUSTED_ORIGINS;
  }

  async authenticate(request: FastifyRequest): Promise<Actor | null> {
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (bearer && isApiKey(bearer)) return this.keys.actorOf(bearer);
    const carried = tokenOf(request);
    if (!carried) return null;
    const actor = await this.sessions.actorOfToken(carried.token);
    if (actor && carried.isCookie) demandSameSite(request, this.trustedOrigins);
    return actor;
  }
}
