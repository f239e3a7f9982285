import { Catch, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Denials } from '../access/denials.js';
import { Faults } from '../alerts/faults.js';
import type { Problem } from './problem.js';
import { problemBody, toProblem } from './problem-writer.js';
import { DatabaseUnavailable, Internal } from './problems.js';
import { contextOf, silence } from './request-context.js';

const DENIALS = [401, 403, 429];

/** The one place where an error becomes an answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('http');

  constructor(
    private readonly denials: Denials,
    private readonly faults: Faults,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Answers outside of Nest's pipeline too: Fastify's own errors come here. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = toProblem(error);
    const { requestId, language } = contextOf(request);
    const { status } = problem.definition;
    if (status >= 500) {
      const cause = problem.options.cause ?? error;
      this.log.error({
        message: problem.definition.code,
        requestId,
        error: cause instanceof Error ? (cause.stack ?? String(cause)) : String(cause),
      });
      this.tell(problem, cause, request);
    }
    if (DENIALS.includes(status)) this.record(problem, request);
    if (reply.sent) return;
    if (problem.options.retryAfterSeconds) {
      void reply.header('retry-after', String(problem.options.retryAfterSeconds));
    }
    if (status === 401) void reply.header('www-authenticate', 'Bearer realm="ofitec"');
    void reply
      .status(status)
      .header('x-request-id', requestId)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .header('content-language', language)
      .serializer((body: unknown) => JSON.stringify(body))
      .send(problemBody(problem, language, requestId));
  }

  /** Guards' refusals pass no interceptor, so that this is where every denial is seen. */
  private record({ definition: { status, code } }: Problem, request: FastifyRequest): void {
    const { requestId, ip, actor, claim = null } = contextOf(request);
    const { method } = request;
    const route = request.routeOptions.url ?? '(none)';
    const at = new Date();
    const isRecorded = this.denials.add({
      ...{ at, status, code, method, route, requestId, ip, actor, claim },
    });
    // A flood writes no line a request either.
    if (!isRecorded) silence(request);
  }

  private tell({ definition }: Problem, error: unknown, request: FastifyRequest): void {
    const { method, routeOptions } = request;
    if (definition === DatabaseUnavailable) this.faults.databaseLost(error);
    if (definition !== Internal) return;
    const { requestId } = contextOf(request);
    const route = routeOptions.url ?? '(none)';
    this.faults.serverError({ at: new Date(), method, route, requestId, error });
  }
}
