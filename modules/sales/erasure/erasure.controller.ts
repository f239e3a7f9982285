import { Body, Controller, Get, Post, Query, StreamableFile } from '@nestjs/common';
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
import type { Page } from '#kernel';
import { JsonCopy } from './copy.js';
import { RequestErasure } from './erasure.input.js';
import {
  CustomerHasOpenMatters,
  ErasureNeedsSecondPerson,
  ErasureTextPersonal,
} from './erasure.problems.js';
import { erasureList, ErasureService } from './erasure.service.js';
import { ErasureView } from './erasure.view.js';
import { PrivacyService } from './privacy.service.js';

const JSON_TYPE = 'application/json; charset=utf-8';

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
  async export(@Id() id: string): Promise<StreamableFile> {
    const copy = await JsonCopy.nameless();
    try {
      await this.privacy.export(id, copy);
      const file = await copy.finish();
      const { size: length } = await file.stat();
      return new StreamableFile(file.createReadStream({ start: 0 }), { type: JSON_TYPE, length });
    } catch (error) {
      await copy.discard();
      throw error;
    }
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
