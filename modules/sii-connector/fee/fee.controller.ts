import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { feeList, FeeService } from './fee.service.js';
import { FeeView } from './fee.view.js';

@ApiTags('sii-connector')
@Controller('api/v1/sii-connector/fees')
export class FeeController {
  constructor(private readonly fees: FeeService) {}

  @Get()
  @Allow('sii-connector.fee.read')
  @Lists(FeeView, feeList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<FeeView>> {
    return mapPage(await this.fees.list(query), FeeView.of);
  }
}
