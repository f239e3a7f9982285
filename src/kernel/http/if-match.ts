import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from './problem.js';
import { IfMatchRequired, Malformed } from './problems.js';

/** A version as an ETag writes it, or bare. */
export const IF_MATCH = /^"(0|[1-9]\d{0,8})"$|^(0|[1-9]\d{0,8})$/;

/**
 * The version in `If-Match` (RFC 9110 §13.1.1), as the `ETag` of a read gave it; a bare number is
 * taken for a client that forgot the quotes. Weak tags and lists are refused.
 *
 * @throws Problem IfMatchRequired when it is missing, Malformed when it is no version
 */
export const IfMatch = createParamDecorator((_: unknown, execution: ExecutionContext): number => {
  const header = execution.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
  if (header === undefined) throw new Problem(IfMatchRequired);
  const match = IF_MATCH.exec(header);
  const version = match?.[1] ?? match?.[2];
  if (version === undefined) {
    throw new Problem(Malformed, {
      faults: [
        {
          field: 'If-Match',
          es: 'debe ser un ETag leído antes',
          en: 'must be an ETag read before',
        },
      ],
    });
  }
  return Number(version);
});
