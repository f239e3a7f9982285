import type { Readable } from 'node:stream';
import { applyDecorators, createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem.js';
import { UnsupportedMediaType } from './problems.js';

const TAKES_FILE = 'takesFile';

/**
 * A route whose body is a file: it gets the bytes as they come, unparsed and unbounded, and must
 * bound them itself. JSON and forms are refused, every other media type is taken, and so is none.
 */
export function TakesFile(...mediaTypes: [string, ...string[]]): MethodDecorator {
  return applyDecorators(
    RouteConfig({ [TAKES_FILE]: true }),
    ApiConsumes(...mediaTypes),
    ApiBody({ schema: { type: 'string', format: 'binary' } }),
  );
}

/** The stream of a file's bytes. @throws Problem UnsupportedMediaType when none was sent */
export const FileBody = createParamDecorator((_: unknown, execution: ExecutionContext) => {
  const { body } = execution.switchToHttp().getRequest<FastifyRequest>();
  if (!isStream(body)) throw new Problem(UnsupportedMediaType);
  return body;
});

export function isStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}

/** Lets files through to the routes that take them; for all others nothing but JSON is a body. */
export function acceptFiles(fastify: FastifyInstance): void {
  fastify.addContentTypeParser('*', (request, payload, done) => {
    const { [TAKES_FILE]: takesFile } = request.routeOptions.config as { takesFile?: boolean };
    const isForm = /^(multipart\/|application\/x-www-form)/i.test(
      request.headers['content-type'] ?? '',
    );
    if (takesFile && !isForm) return done(null, payload);
    return done(new Problem(UnsupportedMediaType));
  });
}
