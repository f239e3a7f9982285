import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, PeriodTooLong } from '#kernel';
import { ServiceSalesQuery } from './report.input.js';
import { SalesReportService } from './report.service.js';
import { ServiceSalesView } from './report.view.js';

@ApiTags('sales')
@Controller('api/v1/sales/reports')
export class SalesReportController {
  constructor(private readonly reports: SalesReportService) {}

  @Get('services')
  @Allow('sales.report.read')
  @Answers(ServiceSalesView, PeriodTooLong)
  async services(@Query() query: ServiceSalesQuery): Promise<ServiceSalesView> {
    return this.reports.services(query);
  }
}
