import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Edits, Id, IfMatch, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { CreateCustomer, EditCustomer } from './customer.input.js';
import { CustomerErased, CustomerRutTaken } from './customer.problems.js';
import { customerList, CustomerService } from './customer.service.js';
import { CustomerView } from './customer.view.js';

@ApiTags('sales')
@Controller('api/v1/sales/customers')
export class CustomerController {
  constructor(private readonly customers: CustomerService) {}

  @Get()
  @Allow('sales.customer.read')
  @Lists(CustomerView, customerList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<CustomerView>> {
    return mapPage(await this.customers.list(query), CustomerView.of);
  }

  @Get(':id')
  @Allow('sales.customer.read')
  @Answers(CustomerView)
  async show(@Id() id: string): Promise<CustomerView> {
    return CustomerView.of(await this.customers.show(id));
  }

  @Post()
  @Allow('sales.customer.create')
  @Creates(CustomerView, CustomerRutTaken)
  async create(@Body() input: CreateCustomer): Promise<CustomerView> {
    return CustomerView.of(await this.customers.create(input));
  }

  @Patch(':id')
  @Allow('sales.customer.edit')
  @Edits(CustomerView, CustomerErased, CustomerRutTaken)
  async edit(
    @Id() id: string,
    @Body() input: EditCustomer,
    @IfMatch() version: number,
  ): Promise<CustomerView> {
    return CustomerView.of(await this.customers.edit(id, input, version));
  }
}
