import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Edits, Id, IfMatch, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { CreateApp, EditApp } from './app.input.js';
import { HostRefused, SlugTaken, TooManyApps } from './app.problems.js';
import { appList, AppService } from './app.service.js';
import { AppView } from './app.view.js';

@ApiTags('security-csp')
@Controller('api/v1/security-csp/apps')
export class AppController {
  constructor(private readonly apps: AppService) {}

  @Get()
  @Allow('security-csp.app.read')
  @Lists(AppView, appList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<AppView>> {
    return mapPage(await this.apps.list(query), AppView.of);
  }

  @Get(':id')
  @Allow('security-csp.app.read')
  @Answers(AppView)
  async show(@Id() id: string): Promise<AppView> {
    return AppView.of(await this.apps.show(id));
  }

  @Post()
  @Allow('security-csp.app.edit')
  @Creates(AppView, HostRefused, SlugTaken, TooManyApps)
  async create(@Body() input: CreateApp): Promise<AppView> {
    return AppView.of(await this.apps.create(input));
  }

  @Patch(':id')
  @Allow('security-csp.app.edit')
  @Edits(AppView, HostRefused)
  async edit(
    @Id() id: string,
    @Body() input: EditApp,
    @IfMatch() version: number,
  ): Promise<AppView> {
    return AppView.of(await this.apps.edit(id, input, version));
  }
}
