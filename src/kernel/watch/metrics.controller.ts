import { Controller, Get, Header, Headers, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../access/allow.js';
import { AnswersFile } from '../http/answers.js';
import { Problem } from '../http/problem.js';
import { NotFound, Unauthenticated } from '../http/problems.js';
import { Metrics } from './metrics.js';

/** Metrics beside the API, for whoever has the token. Public: a scraper has no account. */
@ApiTags('metrics')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Public()
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Metrics for Prometheus, for the bearer of METRICS_TOKEN' })
  @AnswersFile('text/plain', NotFound, Unauthenticated)
  async read(@Headers('authorization') authorization?: string): Promise<StreamableFile> {
    const type = this.metrics.contentType;
    // Without a token only the listener of METRICS_BIND serves them: this port is the public's.
    if (type === null || !this.metrics.hasToken) throw new Problem(NotFound);
    if (!this.metrics.admits(authorization)) throw new Problem(Unauthenticated);
    return new StreamableFile(Buffer.from(await this.metrics.scrape()), { type });
  }
}
