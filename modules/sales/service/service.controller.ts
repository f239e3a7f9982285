import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Edits, Id, IfMatch, Lists, mapPage, SIGNED_IN } from '#kernel';
import type { Page } from '#kernel';
import { CreateService, EditService } from './service.input.js';
import { ServiceCodeTaken } from './service.problems.js';
import { serviceList, ServiceService } from './service.service.js';
import { ServiceView } from './service.view.js';

@ApiTags('sales')
@Controller('api/v1/sales/services')
export class ServiceController {
  constructor(private readonly services: ServiceService) {}

  @Get()
  @Allow(SIGNED_IN)
  @Lists(ServiceView, serviceList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<ServiceView>> {
    return mapPage(await this.services.list(query), ServiceView.of);
  }

  @Get(':id')
  @Allow(SIGNED_IN)
  @Answers(ServiceView)
  async show(@Id() id: string): Promise<ServiceView> {
    return ServiceView.of(await this.services.show(id));
  }

  @Post()
  @Allow('sales.service.create')
  @Creates(ServiceView, ServiceCodeTaken)
  async create(@Body() input: CreateService): Promise<ServiceView> {
    return ServiceView.of(await this.services.create(input));
  }

  @Patch(':id')
  @Allow('sales.service.edit')
  @Edits(ServiceView)
  async edit(
    @Id() id: string,
    @Body() input: EditService,
    @IfMatch() version: number,
  ): Promise<ServiceView> {
    return ServiceView.of(await this.services.edit(id, input, version));
  }
}
