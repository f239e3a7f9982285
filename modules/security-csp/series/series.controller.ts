import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, PeriodTooLong } from '#kernel';
import { SeriesQuery } from './series.input.js';
import { SeriesService } from './series.service.js';
import { SeriesView } from './series.view.js';

@ApiTags('security-csp')
@Controller('api/v1/security-csp/series')
export class SeriesController {
  constructor(private readonly series: SeriesService) {}

  @Get()
  @Allow('security-csp.group.read')
  @Answers(SeriesView, PeriodTooLong)
  async daily(@Query() query: SeriesQuery): Promise<SeriesView> {
    return this.series.daily(query);
  }
}
