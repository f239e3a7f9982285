import type { LoggerService } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { currentContext } from '../access/context.js';
import { contextOf, isSilenced } from './request-context.js';

const SECRETS = ['password', 'token', 'authorization', 'cookie', 'secret', 'key'];

const root: Logger = pino({
  base: { pid: process.pid },
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  messageKey: 'message',
  redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' },
  mixin: () => {
    const context = currentContext();
    if (!context) return {};
    const { requestId, traceId } = context;
    return traceId ? { requestId, traceId } : { requestId };
  },
});

/** Sets the least level that is logged, for the whole process. */
export function setLogLevel(level: string): void {
  root.level = level;
}

/** Nest's logger as JSON lines on standard output, each with the request it belongs to. */
export class JsonLogger implements LoggerService {
  log(message: unknown, ...rest: unknown[]): void {
    // Nest tells at `log` what only a developer wants to know: modules, mapped routes.
    write('debug', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    write('trace', message, rest);
  }
}

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

function write(level: Level, message: unknown, rest: readonly unknown[]): void {
  const logger = rest.at(-1);
  const fields = typeof message === 'object' && message !== null ? message : { message };
  const stack = level === 'error' && rest.length > 1 ? { stack: rest[0] } : {};
  root[level]({ logger: typeof logger === 'string' ? logger : 'ofitec', ...stack, ...fields });
}

/** A line that an operator should find without asking for more: what runs how. */
export function note(logger: string, fields: { readonly message: string } & object): void {
  root.info({ logger, ...fields });
}

/** A line of something that works, and that an operator should look at. */
export function caution(logger: string, message: string): void {
  root.warn({ logger, message });
}

/** One line a request. The path stands without its query, which may hold personal data. */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  if (isSilenced(request)) return;
  const { requestId, traceId, ip, actor } = contextOf(request);
  root.info({
    logger: 'http',
    requestId,
    ...(traceId ? { traceId } : {}),
    ip,
    method: request.method,
    path: request.url.split('?')[0],
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime * 10) / 10,
    ...(actor ? { companyId: actor.companyId, userId: actor.userId } : {}),
  });
}
