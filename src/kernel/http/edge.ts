import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, RawServerDefault } from 'fastify';
import { runInContext } from '../access/context.js';
import type { KernelConfig } from '../config/kernel.config.js';
import type { Throttle } from '../throttle/throttle.js';
import { acceptFiles, isStream } from './file-body.js';
import { isAllowedHost } from './host.js';
import { logRequest } from './logger.js';
import { addReporting, setPolicy } from './page-policy.js';
import { Problem } from './problem.js';
import type { Intakes } from './intakes.js';
import { ProblemFilter } from './problem-filter.js';
import { problemBody } from './problem-writer.js';
import { HeadersTooLarge, Malformed, WrongHost } from './problems.js';
import { takesRaw } from './raw-body.js';
import { contextOf } from './request-context.js';
import { secure, SECURE_HEADERS } from './secure-headers.js';
import { unacceptablePath } from './text-check.js';
import type { Watch } from '../watch/watch.js';

const BODY_LIMIT_BYTES = 1_000_000;
const PARAMETER_LIMIT = 200;
/** How long a client may take to say its request, and how often Node looks for who takes longer. */
const REQUEST_MS = 30_000;
const CHECK_MS = 5_000;

/** Fastify with every limit set, and with its own errors answered as problems. */
export function createAdapter(
  config: KernelConfig,
  filter: ProblemFilter,
  watch: Watch,
  intakes: Intakes,
): FastifyAdapter {
  return new FastifyAdapter<RawServerDefault>({
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: config.TRUSTED_PROXIES.length > 0 ? [...config.TRUSTED_PROXIES] : false,
    requestTimeout: REQUEST_MS,
    http: {
      // Who names no host is answered by the edge, or by an intake, and not by Node.
      requireHostHeader: false,
      // Node takes the shorter of both for the head: with its own 60 s there, a body had 60 s.
      headersTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    // At the end, a request on a connection that is open already is served, and the connection closed.
    return503OnClosing: false,
    // At the end, requests in flight finish; connections without one are closed.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: PARAMETER_LIMIT },
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      watch.requestUnreadable();
      if (intakes.takes(request, reply)) return;
      // No hook runs for what never found a route.
      protect(request, reply);
      filter.answer(error, request, reply);
    },
    clientErrorHandler: (error, socket) => {
      watch.requestUnreadable();
      if (socket.writable && intakes.answerUnreadable(error, socket)) return;
      answerUnreadable(error, socket);
    },
  });
}

/** What happens to every request before and after its route. */
export function installEdge(
  fastify: FastifyInstance,
  config: KernelConfig,
  filter: ProblemFilter,
  throttle: Throttle,
  intakes: Intakes,
): void {
  intakes.install(fastify);
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', contextOf(request).requestId);
    protect(request, reply);
    const isOurs =
      isOfTheWatch(request.url) || isAllowedHost(request.headers.host, config.ALLOWED_HOSTS);
    const refusal = isOurs ? throttle.refusalOf(request, reply) : hostProblem(request);
    return refusal ? filter.answer(refusal, request, reply) : done();
  });
  // The body was read on the socket's own asynchronous path, so the context starts after it.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const { query, params } = request;
    const body = isStream(request.body) ? undefined : request.body;
    const path = Array.isArray(body) ? 'body' : unacceptablePath({ body, query, params });
    if (path !== null) return done(unacceptable(path));
    return runInContext(contextOf(request), done);
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    addReporting(request, reply);
    done(null, payload);
  });
  acceptJson(fastify);
  acceptFiles(fastify);
  fastify.addHook('onResponse', async (request, reply) => {
    if (intakes.took(request)) return;
    logRequest(request, reply);
    await throttle.countUnseen(request);
  });
  fastify.addHook('onRequestAbort', async (request) => {
    if (!intakes.took(request)) await throttle.countUnseen(request);
  });
}

/** RFC 9112 §3.2: HTTP/1.1 names a host. */
function hostProblem({ headers, raw }: FastifyRequest): Problem {
  const isMissing = headers.host === undefined && raw.httpVersion === '1.1';
  return new Problem(isMissing ? Malformed : WrongHost);
}

/** What every answer carries, whatever becomes of the request. */
function protect(request: FastifyRequest, reply: FastifyReply): void {
  // Answers hold tokens, money and personal data: nobody between keeps them.
  if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
  secure(reply.raw);
  setPolicy(request, reply);
}

/** JSON and nothing else; a verb without fields may say `application/json` and send nothing. */
function acceptJson(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined);
    if (takesRaw(request)) return done(null, String(body));
    return parse(request, String(body), done);
  });
}

/** Those who watch call the server by its address; what they may read does not depend on a name. */
function isOfTheWatch(url: string): boolean {
  return url.startsWith('/health/') || /^\/metrics(\?|$)/.test(url);
}

function unacceptable(path: string): Problem {
  return new Problem(Malformed, {
    faults: [
      {
        field: path.replace(/^(body|query|params)\.?/, ''),
        es: 'contiene caracteres que no se pueden guardar, o es demasiado grande o profundo',
        en: 'holds characters that cannot be stored, or is too large or too deep',
      },
    ],
  });
}

/** What the HTTP parser itself cannot read never becomes a request; the socket gets a problem. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const definition = error.code === 'HPE_HEADER_OVERFLOW' ? HeadersTooLarge : Malformed;
  const body = JSON.stringify(problemBody(new Problem(definition), 'es', ''));
  const reason = definition === Malformed ? 'Bad Request' : 'Request Header Fields Too Large';
  const headers = {
    ...SECURE_HEADERS,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${definition.status} ${reason}\r\n${lines.join('')}\r\n${body}`);
}
