import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, PeriodTooLong } from '#kernel';
import { OneBranch, Period } from './report.input.js';
import { ReportService } from './report.service.js';
import { AgeingView, DifferencesView } from './report.view.js';

@ApiTags('payments')
@Controller('api/v1/payments/reports')
export class ReportController {
  constructor(private readonly reports: ReportService) {}

  @Get('differences')
  @Allow('payments.report.read')
  @Answers(DifferencesView, PeriodTooLong)
  async differences(@Query() period: Period): Promise<DifferencesView> {
    return this.reports.differences(period);
  }

  @Get('ageing')
  @Allow('payments.report.read')
  @Answers(AgeingView)
  async ageing(@Query() query: OneBranch): Promise<AgeingView> {
    return this.reports.ageing(query);
  }
}
