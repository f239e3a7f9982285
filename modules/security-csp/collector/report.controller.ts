import { Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Intake } from '#kernel';
import type { Arrival } from '#kernel';
import { OWN_APP } from '../app/app.entity.js';
import { CollectorService } from './collector.service.js';

const LIMIT_BYTES = 1_000_000;

const VERSION = ApiQuery({
  ...{ name: 'v', required: false, schema: { type: 'integer', minimum: 1 } },
  description: 'version of the policy that the report is about',
});
const DISPOSITION = ApiQuery({
  ...{ name: 'd', required: false, schema: { type: 'string', enum: ['enforce', 'report'] } },
  description: 'its disposition, for browsers that do not say',
});

/** Public, since browsers report without a session; what they send is believed by nobody. */
@ApiTags('security-csp')
@Controller('csp')
export class ReportController {
  constructor(private readonly collector: CollectorService) {}

  @Post('report')
  @ApiOperation({ summary: 'Reports of violations on the installation’s own pages, in any shape' })
  @VERSION
  @DISPOSITION
  @Intake({ limitBytes: LIMIT_BYTES })
  own(arrival: Arrival): void {
    this.collector.take(OWN_APP, arrival);
  }

  @Post('report/:app')
  @ApiOperation({ summary: 'Reports of violations on an app’s pages, in any shape' })
  @ApiParam({ name: 'app', description: 'the app’s slug', schema: { type: 'string' } })
  @VERSION
  @DISPOSITION
  @Intake({ limitBytes: LIMIT_BYTES })
  ofApp(arrival: Arrival): void {
    this.collector.take(arrival.rest, arrival);
  }
}
