import { Controller, Get, Header, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../access/allow.js';
import { Config } from '../config/config.js';
import { kernelConfig } from '../config/kernel.config.js';
import { Readiness } from '../watch/readiness.js';
import type { Verdict } from '../watch/readiness.js';
import { Answers } from './answers.js';
import { ChoiceField, IntegerField, ObjectField, TextField } from './fields.js';
import { Problem } from './problem.js';
import { problemBody } from './problem-writer.js';
import { NotReady } from './problems.js';
import { contextOf } from './request-context.js';

class HealthQuery {
  @TextField({
    max: 64,
    optional: true,
    pattern: /^[\w.~-]+$/,
    description: 'comes back in the answer, which no cache can then have given',
  })
  nonce?: string;
}

class CheckView {
  @ChoiceField(['up', 'degraded', 'down'])
  status!: string;

  @TextField({ max: 200, optional: true, description: 'why it is not up' })
  message?: string;

  @IntegerField({ min: 0, max: 60_000, optional: true, description: 'milliseconds it took' })
  responseTime?: number;
}

class ChecksView {
  @ObjectField(() => CheckView, { optional: true, description: 'down while it is about to end' })
  process?: CheckView;

  @ObjectField(() => CheckView, { optional: true, description: 'a row was written and committed' })
  database?: CheckView;

  @ObjectField(() => CheckView, { optional: true, description: 'the database fits this code' })
  migrations?: CheckView;

  @ObjectField(() => CheckView, { optional: true, description: 'the loop of this process' })
  worker?: CheckView;

  @ObjectField(() => CheckView, { optional: true, description: 'what waits; degrades only' })
  queue?: CheckView;
}

class LiveView {
  @ChoiceField(['ok'])
  status!: string;

  @TextField({ max: 64, optional: true })
  nonce?: string;
}

class HealthView {
  @ChoiceField(['ok', 'degraded'])
  status!: string;

  @TextField({ max: 64, optional: true })
  nonce?: string;

  @TextField({ max: 40, description: 'the release that answers' })
  release!: string;

  @ObjectField(() => ChecksView)
  details!: ChecksView;
}

/** Whether the process lives and whether it can work. Public: load balancers have no account. */
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly config: Config,
  ) {}

  @Get('live')
  @Public()
  @Header('cache-control', 'no-store')
  @Answers(LiveView)
  live(@Query() { nonce }: HealthQuery): LiveView {
    return { status: 'ok', ...(nonce ? { nonce } : {}) };
  }

  @Get('ready')
  @Public()
  @Header('cache-control', 'no-store')
  @Answers(HealthView, NotReady)
  async ready(
    @Query() { nonce }: HealthQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    return this.answer(await this.readiness.check(), nonce, request, reply);
  }

  @Get('startup')
  @Public()
  @Header('cache-control', 'no-store')
  @Answers(HealthView, NotReady)
  async startup(
    @Query() { nonce }: HealthQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    return this.answer(await this.readiness.checkStartup(), nonce, request, reply);
  }

  /** A problem, but no error: being asked while not ready is nothing to log or to raise an alert for. */
  private answer(
    { ready, status, details }: Verdict,
    nonce: string | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): object {
    const echo = nonce ? { nonce } : {};
    const { OFITEC_RELEASE: release } = this.config.of(kernelConfig);
    if (ready) return { status, release, ...echo, details };
    const { language, requestId } = contextOf(request);
    const problem = new Problem(NotReady, { extra: { ...echo, details } });
    void reply
      .status(503)
      .header('retry-after', '1')
      .header('content-language', language)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .serializer((body: unknown) => JSON.stringify(body));
    return problemBody(problem, language, requestId);
  }
}
