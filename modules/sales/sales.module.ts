import { Module } from '@nestjs/common';
import { BaseModule } from '#modules/base';
import { CustomerController } from './customer/customer.controller.js';
import { CustomerService } from './customer/customer.service.js';
import { ErasureController } from './erasure/erasure.controller.js';
import { ErasureService } from './erasure/erasure.service.js';
import { PrivacyService } from './erasure/privacy.service.js';
import { SalesPersonalData } from './erasure/sales-personal-data.js';
import { OrderController } from './order/order.controller.js';
import { OrderFactsService } from './order/order-facts.service.js';
import { OrderFiguresService } from './order/order-figures.service.js';
import { OrderService } from './order/order.service.js';
import { SalesReportController } from './report/report.controller.js';
import { SalesReportService } from './report/report.service.js';
import { ServiceController } from './service/service.controller.js';
import { ServiceService } from './service/service.service.js';

@Module({
  imports: [BaseModule],
  controllers: [
    CustomerController,
    ErasureController,
    OrderController,
    SalesReportController,
    ServiceController,
  ],
  providers: [
    CustomerService,
    OrderFactsService,
    ErasureService,
    PrivacyService,
    SalesPersonalData,
    OrderFiguresService,
    OrderService,
    SalesReportService,
    ServiceService,
  ],
  exports: [CustomerService, OrderFactsService, OrderFiguresService, OrderService],
})
export class SalesModule {}
