import { Module } from '@nestjs/common';
import { BaseModule } from '#modules/base';
import { CustomerController } from './customer/customer.controller.js';
import { CustomerService } from './customer/customer.service.js';
import { OrderController } from './order/order.controller.js';
import { OrderFiguresService } from './order/order-figures.service.js';
import { OrderService } from './order/order.service.js';
import { ServiceController } from './service/service.controller.js';
import { ServiceService } from './service/service.service.js';

@Module({
  imports: [BaseModule],
  controllers: [CustomerController, OrderController, ServiceController],
  providers: [CustomerService, OrderFiguresService, OrderService, ServiceService],
  exports: [OrderFiguresService, OrderService],
})
export class SalesModule {}
