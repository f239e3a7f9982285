import { applyDecorators, createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

const TAKES_RAW = 'takesRaw';

/**
 * A route whose body is JSON that somebody signed: it gets the text as it was sent, since a
 * signature is over bytes, and JSON that was parsed and written again has others. What is not
 * UTF-8 arrives with replacement characters, so that no signature over it holds. Whoever parses it
 * must bound what it takes from it.
 */
export function TakesRaw(): MethodDecorator {
  return applyDecorators(
    RouteConfig({ [TAKES_RAW]: true }),
    ApiConsumes('application/json'),
    ApiBody({ schema: { type: 'object', additionalProperties: true } }),
  );
}

/** The text of the body; empty when none was sent. */
export const RawBody = createParamDecorator((_: unknown, execution: ExecutionContext) => {
  const { body } = execution.switchToHttp().getRequest<FastifyRequest>();
  return typeof body === 'string' ? body : '';
});

/** Whether the route of a request wants its body unparsed. */
export function takesRaw({ routeOptions }: FastifyRequest): boolean {
  return (routeOptions.config as { [TAKES_RAW]?: boolean })[TAKES_RAW] === true;
}
