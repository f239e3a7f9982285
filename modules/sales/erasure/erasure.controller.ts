import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Allow,
  Answers,
  AnswersFile,
  Creates,
  Id,
  Lists,
  mapPage,
  NotFound,
  Sensitive,
} from '#kernel';
import type { HeldRecords, Page } from '#kernel';
import { RequestErasure } from './erasure.input.js';
import {
  CustomerHasOpenMatters,
  ErasureNeedsSecondPerson,
  ErasureTextPersonal,
} from './erasure.problems.js';
import { erasureList, ErasureService } from './erasure.service.js';
import { ErasureView } from './erasure.view.js';
import { PrivacyService } from './privacy.service.js';

@ApiTags('sales')
@Controller('api/v1/sales')
export class ErasureController {
  constructor(
    private readonly erasures: ErasureService,
    private readonly privacy: PrivacyService,
  ) {}

  @Get('customers/:id/export')
  @Sensitive()
  @Allow('sales.customer.export')
  @AnswersFile('application/json')
  async export(@Id() id: string): Promise<HeldRecords[]> {
    return this.privacy.export(id);
  }

  @Get('erasures')
  @Allow('sales.erasure.read')
  @Lists(ErasureView, erasureList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<ErasureView>> {
    return mapPage(await this.erasures.list(query), ErasureView.of);
  }

  @Get('erasures/:id')
  @Allow('sales.erasure.read')
  @Answers(ErasureView)
  async show(@Id() id: string): Promise<ErasureView> {
    return ErasureView.of(await this.erasures.show(id));
  }

  @Post('erasures')
  @Allow('sales.erasure.request')
  @Creates(ErasureView, NotFound, CustomerHasOpenMatters, ErasureTextPersonal)
  async request(@Body() input: RequestErasure): Promise<ErasureView> {
    return ErasureView.of(await this.erasures.request(input));
  }

  @Post('erasures/:id/approve')
  @Allow('sales.erasure.approve')
  @Answers(ErasureView, CustomerHasOpenMatters, ErasureNeedsSecondPerson)
  async approve(@Id() id: string): Promise<ErasureView> {
    return ErasureView.of(await this.erasures.approve(id));
  }
}
