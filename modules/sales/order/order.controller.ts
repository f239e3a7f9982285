import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Id, Idempotent, Lists, mapPage, NotFound } from '#kernel';
import type { Page } from '#kernel';
import { BranchInactive } from '#modules/base';
import { CancelOrder, CreateOrder } from './order.input.js';
import * as problems from './order.problems.js';
import { orderList, OrderService } from './order.service.js';
import { OrderView, OrderWithLinesView } from './order.view.js';

const { withLines } = OrderWithLinesView;

@ApiTags('sales')
@Controller('api/v1/sales/orders')
export class OrderController {
  constructor(private readonly orders: OrderService) {}

  @Get()
  @Allow('sales.order.read')
  @Lists(OrderView, orderList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<OrderView>> {
    return mapPage(await this.orders.list(query), OrderView.of);
  }

  @Get(':id')
  @Allow('sales.order.read')
  @Answers(OrderWithLinesView)
  async show(@Id() id: string): Promise<OrderWithLinesView> {
    return withLines(await this.orders.show(id));
  }

  @Post()
  @Allow('sales.order.create')
  @Idempotent('optional')
  @Creates(
    OrderWithLinesView,
    NotFound,
    BranchInactive,
    problems.CustomerUnknown,
    problems.ServiceNotOffered,
    problems.QuantityNotWhole,
    problems.OrderTooLarge,
  )
  async create(@Body() input: CreateOrder): Promise<OrderWithLinesView> {
    return withLines(await this.orders.create(input));
  }

  @Post(':id/start')
  @Allow('sales.order.start')
  @Answers(OrderWithLinesView, problems.OrderNotInState)
  async start(@Id() id: string): Promise<OrderWithLinesView> {
    return withLines(await this.orders.start(id));
  }

  @Post(':id/ready')
  @Allow('sales.order.ready')
  @Answers(OrderWithLinesView, problems.OrderNotInState)
  async ready(@Id() id: string): Promise<OrderWithLinesView> {
    return withLines(await this.orders.markReady(id));
  }

  @Post(':id/deliver')
  @Allow('sales.order.deliver')
  @Answers(OrderWithLinesView, problems.OrderNotInState, problems.OrderHasBalance)
  async deliver(@Id() id: string): Promise<OrderWithLinesView> {
    return withLines(await this.orders.deliver(id));
  }

  @Post(':id/cancel')
  @Allow('sales.order.cancel')
  @Answers(OrderWithLinesView, problems.OrderNotInState, problems.OrderHasMoney)
  async cancel(@Id() id: string, @Body() input: CancelOrder): Promise<OrderWithLinesView> {
    return withLines(await this.orders.cancel(id, input));
  }
}
