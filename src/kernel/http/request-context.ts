import type { FastifyRequest } from 'fastify';
import type { WorkContext } from '../access/context.js';
import { newId } from '../values/id.js';
import { languageOf } from './problem-writer.js';

const CONTEXT = Symbol('ofitec context');

interface WithContext {
  [CONTEXT]?: WorkContext;
}

const CLIENT_REQUEST_ID = /^[\w.:-]{8,64}$/;

/** The context of a request, made at first sight; a well-formed `X-Request-Id` is kept. */
export function contextOf(request: FastifyRequest): WorkContext {
  const holder = request as FastifyRequest & WithContext;
  const given = request.headers['x-request-id'];
  holder[CONTEXT] ??= {
    requestId: typeof given === 'string' && CLIENT_REQUEST_ID.test(given) ? given : newId(),
    ip: request.ip,
    language: languageOf(request.headers['accept-language']),
    actor: null,
  };
  return holder[CONTEXT];
}
