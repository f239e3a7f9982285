import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { WorkContext } from '../access/context.js';
import { newId } from '../values/id.js';
import { languageOf } from './problem-writer.js';

const CONTEXT = Symbol('ofitec context');

interface WithContext {
  [CONTEXT]?: WorkContext;
}

const silenced = new WeakSet<FastifyRequest>();

const CLIENT_REQUEST_ID = /^[\w.:-]{8,64}$/;

/** The context of a request, made at first sight; a well-formed `X-Request-Id` is kept. */
export function contextOf(request: FastifyRequest): WorkContext {
  const holder = request as FastifyRequest & WithContext;
  const given = request.headers['x-request-id'];
  holder[CONTEXT] ??= {
    requestId: typeof given === 'string' && CLIENT_REQUEST_ID.test(given) ? given : newId(),
    ip: addressOf(request),
    language: languageOf(request.headers['accept-language']),
    actor: null,
  };
  return holder[CONTEXT];
}

/** The client's address; what a proxy passed on that is none is the proxy's. */
function addressOf(request: FastifyRequest): string | null {
  return isIP(request.ip) === 0 ? (request.socket.remoteAddress ?? null) : request.ip;
}

/** Leaves the request out of the log: something else counts it. */
export function silence(request: FastifyRequest): void {
  silenced.add(request);
}

export function isSilenced(request: FastifyRequest): boolean {
  return silenced.has(request);
}
