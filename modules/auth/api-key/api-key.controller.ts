import { Body, Controller, Delete, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Allow,
  AnswersNothing,
  Creates,
  Id,
  Lists,
  mapPage,
  NotFound,
  Sensitive,
  StepUp,
} from '#kernel';
import type { Page } from '#kernel';
import { CreateApiKey } from './api-key.input.js';
import { KeyOwnerNotBot, ScopeRefused } from './api-key.problems.js';
import { apiKeyList, ApiKeyService } from './api-key.service.js';
import { ApiKeyView, CreatedApiKeyView } from './api-key.view.js';

@ApiTags('auth')
@Controller('api/v1/auth/api-keys')
export class ApiKeyController {
  constructor(private readonly keys: ApiKeyService) {}

  @Get()
  @Allow('auth.api-key.read')
  @Lists(ApiKeyView, apiKeyList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<ApiKeyView>> {
    return mapPage(await this.keys.list(query), ApiKeyView.of);
  }

  @Post()
  @Sensitive()
  @Allow('auth.api-key.create')
  @StepUp()
  @Creates(CreatedApiKeyView, NotFound, KeyOwnerNotBot, ScopeRefused)
  async create(@Body() input: CreateApiKey): Promise<CreatedApiKeyView> {
    const { record, secret } = await this.keys.create(input);
    return { ...ApiKeyView.of(record), key: secret };
  }

  @Delete(':id')
  @Sensitive()
  @Allow('auth.api-key.revoke')
  @AnswersNothing(NotFound)
  async revoke(@Id() id: string): Promise<void> {
    await this.keys.revoke(id);
  }
}
