import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers } from '#kernel';
import { ForecastQuery } from './forecast.input.js';
import { ForecastService } from './forecast.service.js';
import { ForecastView } from './forecast.view.js';

@ApiTags('treasury')
@Controller('api/v1/treasury/forecast')
export class ForecastController {
  constructor(private readonly forecasts: ForecastService) {}

  @Get()
  @Allow('treasury.flow.read')
  @Answers(ForecastView)
  async forecast(@Query() query: ForecastQuery): Promise<ForecastView> {
    return this.forecasts.forecast(query);
  }
}
