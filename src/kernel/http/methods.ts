import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.js';
import type { ProblemFilter } from './problem-filter.js';
import { MethodNotAllowed } from './problems.js';

/**
 * Tells an address that does not exist (404) from one that exists for other methods: 405 with
 * `Allow` (RFC 9110 §15.5.6). Only a request without a route pays for the look.
 */
export function installMethods(fastify: FastifyInstance, filter: ProblemFilter): void {
  const methodsOf = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ url, method }) => {
    // A wildcard answers for addresses that are none: the preflight of CORS, files of the docs.
    if (url.includes('*')) return;
    const known = methodsOf.get(url) ?? new Set<string>();
    methodsOf.set(url, known);
    for (const each of [method].flat()) known.add(each);
  });
  const patterns = new Map<string, RegExp>();
  const patternOf = (url: string): RegExp => {
    const known = patterns.get(url);
    if (known) return known;
    const made = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`);
    patterns.set(url, made);
    return made;
  };
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const path = request.url.split('?')[0] ?? '';
    const allowed = [...methodsOf].filter(([url]) => patternOf(url).test(path));
    if (allowed.length === 0) return done();
    const methods = new Set(allowed.flatMap(([, methods]) => [...methods]));
    void reply.header('allow', [...methods].sort().join(', '));
    return filter.answer(new Problem(MethodNotAllowed), request, reply);
  });
}
