import { Controller, Post } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Intake } from '#kernel';
import type { Arrival } from '#kernel';
import { OWN_APP } from '../app/app.entity.js';
import { CollectorService } from './collector.service.js';

const LIMIT_BYTES = 1_000_000;

// Texts of any kind, since nothing is refused: what does not fit says nothing.
const ANY = { required: false, schema: { type: 'string' } } as const;
const VERSION = ApiQuery({
  ...{ name: 'v', ...ANY },
  description: 'version of the policy that the report is about, a whole number from 1 on',
});
const DISPOSITION = ApiQuery({
  ...{ name: 'd', ...ANY },
  description: '`enforce` or `report`, for browsers that do not say',
});
const BODY = ApiBody({
  required: false,
  description: 'one of the four shapes that browsers send; what is none of them is only counted',
  schema: {},
});
const TYPES = ApiConsumes('application/csp-report', 'application/reports+json');

/** Public, since browsers report without a session; what they send is believed by nobody. */
@ApiTags('security-csp')
@Controller('csp')
export class ReportController {
  constructor(private readonly collector: CollectorService) {}

  @Post('report')
  @ApiOperation({ summary: 'Reports of violations on the installation’s own pages, in any shape' })
  @TYPES
  @BODY
  @VERSION
  @DISPOSITION
  @Intake({ limitBytes: LIMIT_BYTES })
  own(arrival: Arrival): void {
    this.collector.take(OWN_APP, arrival);
  }

  @Post('report/:app')
  @ApiOperation({ summary: 'Reports of violations on an app’s pages, in any shape' })
  @ApiParam({ name: 'app', description: 'the app’s slug', schema: { type: 'string' } })
  @TYPES
  @BODY
  @VERSION
  @DISPOSITION
  @Intake({ limitBytes: LIMIT_BYTES })
  ofApp(arrival: Arrival): void {
    this.collector.take(arrival.rest, arrival);
  }
}
