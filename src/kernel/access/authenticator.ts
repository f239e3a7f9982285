import type { FastifyRequest } from 'fastify';
import type { ProblemDefinition } from '../http/problem.js';
import type { Actor } from './context.js';

/**
 * Finds out who sends a request. The kernel asks; one addon (`auth`) answers. Without such an
 * addon nobody is signed in and only public routes work.
 */
export abstract class Authenticator {
  /** The actor behind the request, or null when it proves nobody. */
  abstract authenticate(request: FastifyRequest): Promise<Actor | null>;

  /** What `Actor.unproven` may be: the OpenAPI document names it on the routes that demand step-up. */
  readonly stepUp: readonly ProblemDefinition[] = [];
}
