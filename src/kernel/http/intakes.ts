import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Logger, RequestMethod } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { methodsOf } from '../addon/verify.js';
import { INTAKE } from './intake.js';
import type { Arrival, IntakeDefinition, IntakeHandler } from './intake.js';

/** The part of an intake's path that never changes, and what is done with what comes. */
interface Route {
  readonly path: string;
  /** Whether it ends in a parameter, which is anything below its path. */
  readonly isOpen: boolean;
  readonly limitBytes: number;
  readonly take: IntakeHandler;
}

interface Found {
  readonly route: Route;
  readonly rest: string;
  readonly query: string;
}

const ANSWER = ['Access-Control-Allow-Origin', '*', 'Cache-Control', 'no-store'];
// A browser asks before it reports to another origin, and sends nothing unless both are allowed.
const PREFLIGHT = [
  ...ANSWER,
  ...['Access-Control-Allow-Methods', 'POST', 'Access-Control-Allow-Headers', 'content-type'],
  ...['Access-Control-Max-Age', '86400'],
];
const RAW_ANSWER = [
  ...['HTTP/1.1 204 No Content', 'Access-Control-Allow-Origin: *', 'Connection: close'],
  ...['', ''],
].join('\r\n');

/** So many times its limit is read of a body and thrown away; then the connection ends. */
const PATIENCE = 8;

const REQUEST_LINE = /^(?:POST|OPTIONS) +(\S+)/;
const AUTHORITY = /^[a-z]+:\/\/[^/]*/i;

/** The intakes of the composed addons; see {@link Intake}. Exists before they do: the edge needs it. */
export class Intakes {
  private readonly log = new Logger('intake');
  private routes: readonly Route[] = [];
  private readonly taken = new WeakSet<FastifyRequest>();
  /** Connections on which a body is being read: if that fails, the answer is still a 204. */
  private readonly reading = new WeakMap<Socket, (body: null) => void>();

  /** Learns the intakes of controllers, whose instances `find` gives. */
  open(controllers: readonly Type[], find: (controller: Type) => object): void {
    this.routes = controllers
      .flatMap((controller) => routesOf(controller, find))
      .sort((a, b) => b.path.length - a.path.length);
  }

  /** Puts itself before every other hook: what it takes, nothing else sees. */
  install(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      if (!this.takes(request, reply)) done();
    });
    // Node itself would answer 417.
    fastify.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      if (this.find(request.method, request.url)) fastify.server.emit('request', request, response);
      else response.writeHead(417).end();
    });
  }

  /** Takes a request for an intake and answers it. @returns whether it was one */
  takes(request: FastifyRequest, reply: FastifyReply): boolean {
    const { raw } = request;
    const found = this.find(raw.method, raw.url);
    if (!found) return false;
    this.taken.add(request);
    reply.hijack();
    if (raw.method === 'OPTIONS') reply.raw.writeHead(204, PREFLIGHT).end();
    else this.read(found, request, reply.raw);
    return true;
  }

  /** Whether it took the request: nobody logs or counts it. */
  took(request: FastifyRequest): boolean {
    return this.taken.has(request);
  }

  /** Answers what the HTTP parser refused, if it was for an intake. @returns whether it was */
  answerUnreadable({ rawPacket }: { readonly rawPacket?: unknown }, socket: Socket): boolean {
    const inFlight = this.reading.get(socket);
    if (inFlight) inFlight(null);
    else {
      const packet = Buffer.isBuffer(rawPacket) ? rawPacket.toString('latin1', 0, 2_000) : '';
      const line = REQUEST_LINE.exec(packet);
      if (!line || !this.find('POST', line[1])) return false;
    }
    socket.end(RAW_ANSWER);
    return true;
  }

  private find(method: string | undefined, url: string | undefined): Found | null {
    if ((method !== 'POST' && method !== 'OPTIONS') || this.routes.length === 0) return null;
    const address = pathOf(url ?? '');
    const cut = address.indexOf('?');
    const path = cut < 0 ? address : address.slice(0, cut);
    for (const route of this.routes) {
      const end = route.path.length;
      const isBelow = route.isOpen && path.length > end + 1 && path.charAt(end) === '/';
      const isIt = isBelow ? path.startsWith(route.path) : isSame(path, route.path);
      if (!isIt) continue;
      const query = cut < 0 ? '' : address.slice(cut + 1);
      return { route, rest: path.slice(end + 1), query };
    }
    return null;
  }

  private read(found: Found, request: FastifyRequest, response: ServerResponse): void {
    const { limitBytes } = found.route;
    const { raw } = request;
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (body: Buffer | null): void => {
      if (!this.reading.delete(raw.socket)) return;
      this.hand(found, request, body);
    };
    this.reading.set(raw.socket, end);
    raw.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (size <= limitBytes * PATIENCE) return;
      end(null);
      response.writeHead(204, [...ANSWER, 'Connection', 'close']).end(() => raw.destroy());
    });
    raw.on('end', () => {
      const [first = Buffer.alloc(0)] = chunks;
      end(size > limitBytes ? null : chunks.length > 1 ? Buffer.concat(chunks) : first);
      if (!response.headersSent) response.writeHead(204, ANSWER).end();
    });
    raw.on('close', () => end(null));
    raw.on('error', () => end(null));
  }

  private hand({ route, rest, query }: Found, request: FastifyRequest, body: Buffer | null): void {
    const arrival: Arrival = {
      ...{ rest, query, body, ip: request.ip },
      userAgent: request.headers['user-agent'] ?? '',
    };
    try {
      route.take(arrival);
    } catch (error) {
      this.log.error({ message: 'an intake failed', path: route.path, error: String(error) });
    }
  }
}

/** Also with a slash at its end, which people add by hand. */
function isSame(path: string, known: string): boolean {
  return path === known || path === `${known}/`;
}

/** The path as the router sees it: decoded, without scheme and host. */
function pathOf(url: string): string {
  const path = url.startsWith('/') ? url : url.replace(AUTHORITY, '');
  if (!path.includes('%')) return path;
  const cut = path.indexOf('?');
  const encoded = cut < 0 ? path : path.slice(0, cut);
  try {
    return decodeURI(encoded) + path.slice(encoded.length);
  } catch {
    return path;
  }
}

function routesOf(controller: Type, find: (controller: Type) => object): Route[] {
  return methodsOf(controller).flatMap(({ name, method }) => {
    const definition = Reflect.getMetadata(INTAKE, method) as IntakeDefinition | undefined;
    if (!definition) return [];
    if (Reflect.getMetadata(METHOD_METADATA, method) !== RequestMethod.POST) {
      throw new Error(`${controller.name}.${name} is an intake and no POST.`);
    }
    const [prefix, own] = [controller, method].map((of) =>
      String(Reflect.getMetadata(PATH_METADATA, of)),
    );
    const whole = `/${prefix}/${own}`.replaceAll(/\/+/g, '/');
    const path = whole.replace(/\/:.*$/, '');
    const instance = find(controller) as Record<string, IntakeHandler>;
    const take = instance[name]?.bind(instance);
    const isOpen = path !== whole;
    return take ? [{ path, isOpen, limitBytes: definition.limitBytes, take }] : [];
  });
}
