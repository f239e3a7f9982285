import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, AnswersFile, CSV_TYPE, PeriodTooLong } from '#kernel';
import {
  WarehouseDays,
  WarehouseDaysPage,
  WarehouseMonths,
  WarehouseMonthsPage,
} from './report.input.js';
import { SalesByCashier, SalesByDay, SalesByService, VatByMonth } from './report.js';
import type { Report } from './report.js';
import { WarehouseReportService } from './report.service.js';
import type { Asked } from './report.service.js';
import {
  SalesByCashierView,
  SalesByDayView,
  SalesByServiceView,
  VatByMonthView,
} from './report.view.js';

const READ = 'warehouse.report.read';

@ApiTags('warehouse')
@Controller('api/v1/warehouse/reports')
export class WarehouseReportController {
  constructor(private readonly reports: WarehouseReportService) {}

  @Get('sales-by-day')
  @Allow(READ)
  @Answers(SalesByDayView, PeriodTooLong)
  async salesByDay(@Query() query: WarehouseDaysPage): Promise<SalesByDayView> {
    return this.reports.page(SalesByDay, query);
  }

  @Get('sales-by-day.csv')
  @Allow(READ)
  @AnswersFile(CSV_TYPE, PeriodTooLong)
  salesByDayCsv(@Query() query: WarehouseDays): StreamableFile {
    return this.file(SalesByDay, query);
  }

  @Get('sales-by-cashier')
  @Allow(READ)
  @Answers(SalesByCashierView, PeriodTooLong)
  async salesByCashier(@Query() query: WarehouseDaysPage): Promise<SalesByCashierView> {
    return this.reports.page(SalesByCashier, query);
  }

  @Get('sales-by-cashier.csv')
  @Allow(READ)
  @AnswersFile(CSV_TYPE, PeriodTooLong)
  salesByCashierCsv(@Query() query: WarehouseDays): StreamableFile {
    return this.file(SalesByCashier, query);
  }

  @Get('sales-by-service')
  @Allow(READ)
  @Answers(SalesByServiceView, PeriodTooLong)
  async salesByService(@Query() query: WarehouseDaysPage): Promise<SalesByServiceView> {
    return this.reports.page(SalesByService, query);
  }

  @Get('sales-by-service.csv')
  @Allow(READ)
  @AnswersFile(CSV_TYPE, PeriodTooLong)
  salesByServiceCsv(@Query() query: WarehouseDays): StreamableFile {
    return this.file(SalesByService, query);
  }

  @Get('vat-by-month')
  @Allow(READ)
  @Answers(VatByMonthView, PeriodTooLong)
  async vatByMonth(@Query() query: WarehouseMonthsPage): Promise<VatByMonthView> {
    return this.reports.page(VatByMonth, query);
  }

  @Get('vat-by-month.csv')
  @Allow(READ)
  @AnswersFile(CSV_TYPE, PeriodTooLong)
  vatByMonthCsv(@Query() query: WarehouseMonths): StreamableFile {
    return this.file(VatByMonth, query);
  }

  private file<V extends object>(report: Report<V>, asked: Asked): StreamableFile {
    const { name } = report.query;
    const disposition = `attachment; filename="${name}-${asked.from}-${asked.to}.csv"`;
    return new StreamableFile(this.reports.csv(report, asked), { type: CSV_TYPE, disposition });
  }
}
