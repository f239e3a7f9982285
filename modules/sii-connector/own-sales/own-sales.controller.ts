import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers } from '#kernel';
import { OwnSalesQuery } from './own-sales.input.js';
import { OwnSalesService } from './own-sales.service.js';
import { OwnSalesView } from './own-sales.view.js';

@ApiTags('sii-connector')
@Controller('api/v1/sii-connector/own-sales')
export class OwnSalesController {
  constructor(private readonly sales: OwnSalesService) {}

  @Get()
  @Allow('sii-connector.document.read')
  @Answers(OwnSalesView)
  async show(@Query() { period }: OwnSalesQuery): Promise<OwnSalesView> {
    return OwnSalesView.of(period, await this.sales.of(period));
  }
}
